"""A slot is fired once, by the leader whose term lasts, and by nobody who was stopped or cut off meanwhile."""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.messaging.fires import FIRE, TERM
from tests.support.redis_server import RedisServer

from cmlfleet.application.ports.cluster import CoordinationUnavailable, Term
from cmlfleet.application.ports.group_queue import FireOutcome
from cmlfleet.messaging.group_queue import RedisGroupQueue
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink


@pytest.fixture
def queue(link: RedisLink, keys: Keys) -> Generator[RedisGroupQueue]:
    queue = RedisGroupQueue(link, keys)
    yield queue
    queue.close()


def _length(redis: RedisServer, keys: Keys) -> int:
    length = redis.client.xlen(keys.queue)
    assert isinstance(length, int)
    return length


async def test_the_leader_fires_each_slot_once(redis: RedisServer, keys: Keys, queue: RedisGroupQueue) -> None:
    redis.client.set(keys.leader, TERM.token)
    assert queue.fire(TERM, FIRE) is FireOutcome.FIRED
    assert queue.fire(TERM, FIRE) is FireOutcome.FIRED_ALREADY
    assert queue.fire(TERM, replace(FIRE, slot=FIRE.slot - timedelta(seconds=60))) is FireOutcome.FIRED_ALREADY
    assert queue.fire(TERM, replace(FIRE, group_id="a/b/2")) is FireOutcome.FIRED
    assert queue.fire(TERM, replace(FIRE, slot=FIRE.slot + timedelta(seconds=60))) is FireOutcome.FIRED
    assert _length(redis, keys) == 3


async def test_the_next_leader_does_not_fire_again_what_the_one_before_fired(
    redis: RedisServer, keys: Keys, queue: RedisGroupQueue
) -> None:
    redis.client.set(keys.leader, TERM.token)
    queue.fire(TERM, FIRE)
    successor = Term(token="two", fence=8)
    redis.client.set(keys.leader, successor.token)
    assert queue.fire(successor, FIRE) is FireOutcome.FIRED_ALREADY


async def test_who_leads_no_more_fires_nothing(redis: RedisServer, keys: Keys, queue: RedisGroupQueue) -> None:
    assert queue.fire(TERM, FIRE) is FireOutcome.NOT_LEADING
    redis.client.set(keys.leader, "two")
    assert queue.fire(TERM, FIRE) is FireOutcome.NOT_LEADING
    assert _length(redis, keys) == 0


async def test_an_old_leader_whose_token_came_back_with_old_data_fires_nothing(
    redis: RedisServer, keys: Keys, queue: RedisGroupQueue
) -> None:
    redis.client.set(keys.leader, "two")
    queue.fire(Term(token="two", fence=8), FIRE)
    redis.client.set(keys.leader, TERM.token)  # as a replica that lagged behind has it
    later = replace(FIRE, slot=FIRE.slot + timedelta(seconds=60))
    assert queue.fire(TERM, later) is FireOutcome.NOT_LEADING


async def test_without_redis_a_fire_says_so(redis: RedisServer, keys: Keys, queue: RedisGroupQueue) -> None:
    redis.client.set(keys.leader, TERM.token)
    queue.fire(TERM, FIRE)
    redis.kill()
    with pytest.raises(CoordinationUnavailable):
        queue.fire(TERM, replace(FIRE, slot=FIRE.slot + timedelta(seconds=60)))
    redis.start()
    assert queue.fire(TERM, FIRE) is FireOutcome.NOT_LEADING
