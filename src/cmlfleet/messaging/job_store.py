"""APScheduler's job store on our Redis."""

from apscheduler.jobstores.redis import RedisJobStore

from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink


def job_store(link: RedisLink, keys: Keys) -> RedisJobStore:
    """For one scheduler, which closes it. It pickles its jobs: who may write to this Redis may run code here."""
    store = RedisJobStore(jobs_key=keys.jobs, run_times_key=keys.run_times)
    store.redis = link.synchronous()  # its own arguments know neither addresses as URLs nor time limits for all cases
    return store
