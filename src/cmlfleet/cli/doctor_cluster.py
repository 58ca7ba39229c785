"""What is wrong between the processes of a cluster."""

import time
from collections import Counter
from collections.abc import AsyncIterator

from cmlfleet.application.ports.cluster import CannotJoin, CoordinationUnavailable
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.composition import open_storage
from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.persistence.migrate import HEAD_REVISION, current_revision
from cmlfleet.settings import Settings
from cmlfleet.settings_values import ROLES

MOST_SKEW_SECONDS = 2.0  # ages and the order of facts are told by each process's own clock


async def cluster(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing to say of one process alone."""
    if settings.redis_url is None:
        return
    from cmlfleet.messaging.keys import Keys  # noqa: PLC0415 - what one process alone never needs
    from cmlfleet.messaging.process_registry import ProcessRegistry  # noqa: PLC0415 - as above
    from cmlfleet.messaging.redis_link import RedisLink  # noqa: PLC0415 - as above

    link = RedisLink(settings.redis_url)
    storage = open_storage(settings)
    try:
        await link.check()
        yield ok("Redis", link.address)
        if await current_revision(storage.database) != HEAD_REVISION:
            return  # which is another finding
        registry = ProcessRegistry(link, Keys(await storage.installation.name()))
        skew_seconds = abs(await registry.redis_time() - time.time())
        if skew_seconds > MOST_SKEW_SECONDS:
            yield warning("clock", f"{skew_seconds:.0f} s from that of Redis", fix="keep clocks in step, by NTP")
        else:
            yield ok("clock", "in step with that of Redis")
        roles = Counter(role for process in await registry.living() for role in process.roles)
        for role in ROLES:
            if roles[role]:
                yield ok(f"role {role}", f"{roles[role]} process{'es' if roles[role] > 1 else ''}")
            else:
                yield warning(f"role {role}", "no process has it", fix=f"start one: cmlfleet serve --roles {role}")
        leader = await registry.leader()
        if leader is not None:
            yield ok("leader", leader)
        elif roles["scheduler"]:
            yield failed("leader", "nobody leads", fix="read the log of a process with the role scheduler")
    except CannotJoin as error:
        yield failed("Redis", str(error), fix="docs/operate.md tells what a cluster needs")
    except (CoordinationUnavailable, StorageUnavailable) as error:
        yield failed("cluster", str(error), fix="check CMLFLEET_REDIS_URL and CMLFLEET_DATABASE_URL")
    finally:
        await link.close()
        await storage.close()
