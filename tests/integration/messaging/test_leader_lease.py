"""The lease on a real Redis: one holder, who renews or loses it."""

import pytest
from tests.support.redis_server import RedisServer
from tests.support.waiting import until

from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.messaging import leader_lease
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.leader_lease import RedisLeaderLease
from cmlfleet.messaging.redis_link import RedisLink


async def test_one_holds_it_until_it_gives_it_back(link: RedisLink, keys: Keys) -> None:
    lease = RedisLeaderLease(link, keys)
    assert await lease.acquire("one")
    assert not await lease.acquire("two")
    await lease.release("two")
    assert not await lease.acquire("two")
    await lease.release("one")
    assert await lease.acquire("two")


async def test_another_installation_has_a_lease_of_its_own(link: RedisLink, keys: Keys) -> None:
    assert await RedisLeaderLease(link, keys).acquire("one")
    assert await RedisLeaderLease(link, Keys("another")).acquire("one")


async def test_only_the_holder_renews_it(link: RedisLink, keys: Keys, redis: RedisServer) -> None:
    lease = RedisLeaderLease(link, keys)
    await lease.acquire("one")
    redis.client.pexpire(keys.leader, 100)
    assert not await lease.renew("two")
    assert await lease.renew("one")
    left = redis.client.pttl(keys.leader)
    assert isinstance(left, int)
    assert left > 1000


async def test_it_lapses_and_cannot_be_renewed_then(
    link: RedisLink, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_lease, "LEASE_SECONDS", 0.05)
    lease = RedisLeaderLease(link, keys)
    await lease.acquire("one")

    async def another_takes_it() -> bool:
        return await lease.acquire("two")

    await until(another_takes_it, what="the lease to lapse")
    assert not await lease.renew("one")


async def test_without_redis_every_call_says_so_in_bounded_time(keys: Keys) -> None:
    link = RedisLink("redis://127.0.0.1:1/0")
    lease = RedisLeaderLease(link, keys)
    for call in (lease.acquire, lease.renew, lease.release):
        with pytest.raises(CoordinationUnavailable):
            await call("one")
    await link.close()


async def test_a_redis_that_was_restarted_has_no_holder(link: RedisLink, keys: Keys, redis: RedisServer) -> None:
    lease = RedisLeaderLease(link, keys)
    await lease.acquire("one")
    redis.kill()
    redis.start()
    assert not await lease.renew("one")
    assert await lease.acquire("two")
