"""Connections to Redis, with time limits, and what is asked of a Redis before it is trusted."""

# pyright: reportUnknownMemberType=false
# redis-py leaves types of keyword arguments open, and annotates answers as bytes and text at once: clients are Any.

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry as SyncRetry

from cmlfleet.application.ports.cluster import CannotJoin, CoordinationUnavailable

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0  # a Redis that hangs is as good as none: nobody waits longer than this for one answer
_KEEPS_EVERYTHING = "noeviction"
_OLDEST = 7  # major version: SET with NX and GET together, XAUTOCLAIM that drops what was trimmed


class RedisLink:
    """Clients of one Redis. A connection that broke while it was idle is tried once more, nothing else is."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Without a time limit of its own: redis-py's waits in asyncio.wait_for, which on Python 3.11 swallows a
        # cancellation that comes as it ends. `reached` limits the time instead.
        self.client: Any = Redis.from_url(
            url, retry=Retry(NoBackoff(), 1), socket_connect_timeout=CONNECT_SECONDS, socket_timeout=None
        )

    def synchronous(self) -> Any:
        """A client for a thread of its own; whoever asked for it closes it."""
        return SyncRedis.from_url(self.url, retry=SyncRetry(NoBackoff(), 1), **limits())

    @property
    def address(self) -> str:
        """For people: without the password."""
        return masked(self.url)

    async def check(self) -> None:
        """Raises CannotJoin when Redis does not answer, or would drop what is entrusted to it."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                memory: dict[str, Any] = await self.client.info("memory")
                server: dict[str, Any] = await self.client.info("server")
        except AuthenticationError as error:
            raise CannotJoin(
                f"Redis at {self.address} refuses the password in CMLFLEET_REDIS_URL: {error}"
            ) from error
        except (RedisError, OSError) as error:
            raise CannotJoin(
                f"Redis at {self.address} cannot be reached ({error}): start it, or correct CMLFLEET_REDIS_URL; "
                "without CMLFLEET_REDIS_URL cmlfleet runs in one process"
            ) from error
        version = str(server.get("redis_version", "0"))
        if int(version.partition(".")[0]) < _OLDEST:
            raise CannotJoin(f"Redis at {self.address} is version {version}: cmlfleet needs {_OLDEST} or newer")
        policy = memory.get("maxmemory_policy", _KEEPS_EVERYTHING)
        if policy != _KEEPS_EVERYTHING:
            raise CannotJoin(
                f"Redis at {self.address} evicts keys when its memory is full (maxmemory-policy {policy}) and would "
                "drop leases and schedules: set maxmemory-policy noeviction, or use a Redis of cmlfleet's own"
            )

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()


def masked(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    _, signed_in, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"***@{host}" if signed_in else host, query="").geturl()


def limits() -> dict[str, Any]:
    """The time limits of connections that have limits of their own."""
    return {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS}


@asynccontextmanager
async def reached(*, within_seconds: float = ANSWER_SECONDS) -> AsyncGenerator[None]:
    """Limits the time, and says in the port's words that Redis could not be used."""
    with reached_by_thread():
        async with asyncio.timeout(within_seconds):
            yield


@contextmanager
def reached_by_thread() -> Generator[None]:
    """The same for synchronous clients, which limit their time themselves."""
    try:
        yield
    except (RedisError, OSError) as error:
        said = str(error) or "no answer in time"
        raise CoordinationUnavailable(f"Redis cannot be used: {said}") from error
