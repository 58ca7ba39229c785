"""A Redis that cannot do what it is needed for is refused, with what to do; a password is never shown."""

import pytest
from tests.support.redis_server import RedisServer, running_redis

from cmlfleet.application.ports.cluster import CannotJoin
from cmlfleet.messaging.redis_link import RedisLink, masked


async def _problem(url: str) -> str:
    link = RedisLink(url)
    with pytest.raises(CannotJoin) as caught:
        await link.check()
    await link.close()
    return str(caught.value)


async def test_a_redis_that_keeps_everything_is_fine(link: RedisLink) -> None:
    await link.check()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_one_that_evicts_is_refused(redis: RedisServer, policy: str) -> None:
    redis.client.config_set("maxmemory-policy", policy)
    problem = await _problem(redis.url)
    redis.client.config_set("maxmemory-policy", "noeviction")
    assert policy in problem
    assert "set maxmemory-policy noeviction" in problem


async def test_one_that_does_not_answer_is_named_without_its_password() -> None:
    problem = await _problem("redis://me:hunter2@127.0.0.1:1/3")
    assert "redis://***@127.0.0.1:1/3 cannot be reached" in problem
    assert "hunter2" not in problem


async def test_one_that_refuses_the_password_is_told_apart() -> None:
    with running_redis() as server:
        server.client.config_set("requirepass", "swordfish")
        problem = await _problem(server.url.replace("redis://", "redis://:hunter2@"))
    assert "refuses the password" in problem
    assert "hunter2" not in problem


def test_addresses_are_shown_without_what_is_secret() -> None:
    assert masked("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"
    assert masked("rediss://u:p@h:1/2?password=x") == "rediss://***@h:1/2"
    assert masked("unix://:p@/run/redis.sock?db=1") == "unix://***@/run/redis.sock"
