"""A real Redis of our own, on a free port, with nothing on disk: what is killed has lost its data."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.product import free_port
from tests.support.waiting import wait_until

TOOLS = Path(__file__).parents[2] / ".tools" / "usr"
START_SECONDS = 20.0


class RedisServer:
    """`kill` loses all its data; `start` afterwards begins anew on the same port."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[Any] | None = None
        self.client: Any = Redis(port=self.port, decode_responses=True)  # redis-py's types fit no answer

    @property
    def url(self) -> str:
        """As the product's configuration wants it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Of the server that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Unless it was killed."""
        return self._process is not None

    def start(self) -> None:
        """And wait until it answers."""
        libraries = [str(folder) for folder in (TOOLS / "lib").glob("*-linux-gnu")]
        self._process = subprocess.Popen(
            [
                _program(),
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
                *self._options,
            ],
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then stop the server
        )
        wait_until(self._answers, timeout_seconds=START_SECONDS, what="Redis")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop, and let go of our own connections."""
        self.client.close()
        self.kill()

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"redis-server ended with {self._process.returncode}")
        try:
            return bool(self.client.ping())
        except RedisConnectionError:
            return False


@contextmanager
def running_redis(*options: str) -> Generator[RedisServer]:
    """A server that is gone afterwards, whatever happens."""
    server = RedisServer(*options)
    try:
        server.start()
        yield server
    finally:
        server.close()


def _program() -> str:
    found = shutil.which("redis-server") or TOOLS / "bin" / "redis-server"
    if not Path(found).exists():
        raise RuntimeError("redis-server is missing: run `bash scripts/test_tools.sh`")
    return str(found)
