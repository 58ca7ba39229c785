"""Each test gets a Redis with nothing in it."""

from collections.abc import AsyncGenerator, Generator
from uuid import uuid4

import pytest
from tests.support.redis_server import RedisServer, running_redis

from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink


@pytest.fixture(scope="module")
def server() -> Generator[RedisServer]:
    """One for all tests of a file."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """The server, empty."""
    if not server.is_running:
        server.start()
    server.client.flushall()
    return server


@pytest.fixture
def keys() -> Keys:
    """Those of an installation of its own."""
    return Keys(uuid4().hex[:12])


@pytest.fixture
async def link(redis: RedisServer) -> AsyncGenerator[RedisLink]:
    """As a process has it."""
    link = RedisLink(redis.url)
    yield link
    await link.close()
