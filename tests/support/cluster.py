"""A cluster as people run it: real processes, a real PostgreSQL, a real Redis, and the simulated cloud."""

import json
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from cmlfleet.messaging.keys import CONSUMERS
from tests.support.postgres import PostgresServer
from tests.support.product import (
    COMMAND,
    STOP_SECONDS,
    TOKEN,
    ProductProcess,
    SimulatedCloud,
    clean_environment,
    free_port,
    product,
)
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

SECRET_KEY = "cluster-" + "k" * 32
INTERVAL_SECONDS = 3
READY_SECONDS = 60.0  # several processes start at once on two cores that others use too


@dataclass
class ClusterProcess:
    """One `cmlfleet serve --roles …`."""

    running: ProductProcess
    url: str
    http: httpx2.Client
    roles: str

    def get(self, path: str, **parameters: str) -> Any:
        """The answer's JSON."""
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def workers(self) -> dict[str, dict[str, Any]]:
        """Every record of the default list, by name."""
        items = self.get("/api/v1/workers", limit="1000")["items"]
        return {worker["name"]: worker for worker in items}

    def metrics(self) -> dict[str, str]:
        """Each of the workers' series with its value, without those that tell ages."""
        answer = self.http.get("/metrics")
        assert answer.status_code == 200, answer.text
        lines = [line.rpartition(" ") for line in answer.text.splitlines() if line.startswith("cml_worker_")]
        assert len({series for series, _, _ in lines}) == len(lines), "a series appears twice"
        return {series: value for series, _, value in lines if "data_age" not in series and "uptime" not in series}

    def kill(self) -> None:
        """kill -9."""
        self.running.kill()

    def stop(self, *, within_seconds: float = 15.0) -> int:
        """SIGTERM; its exit status."""
        self.running.send(signal.SIGTERM)
        return self.running.ended(timeout_seconds=within_seconds)


@dataclass
class Cluster:
    """Servers and processes; `fires` and `aws_calls` are what an observer outside sees."""

    cloud: SimulatedCloud
    postgres: PostgresServer
    redis: RedisServer
    folder: Path
    database_url: str
    variables: dict[str, str]
    stack: ExitStack
    processes: list[ClusterProcess] = field(default_factory=list[ClusterProcess])
    _numbers: Any = field(default_factory=count)

    def environment(self, **settings: str) -> dict[str, str]:
        """Of a process; `settings` are variables without their prefix, in lower case."""
        own = {f"CMLFLEET_{name.upper()}": value for name, value in settings.items()}
        return clean_environment(self.folder, **self.cloud.environment) | self.variables | own

    def start(
        self, roles: str = "api,scheduler,worker", *, source: Path | None = None, **settings: str
    ) -> ClusterProcess:
        """One more process; returns at once. `source` holds the package of another build."""
        port = free_port()
        folder = self.folder / f"process-{next(self._numbers)}"
        folder.mkdir()
        _, _, accounts = "".join(self.cloud.running.err).partition("\n\n")
        (folder / "cmlfleet.toml").write_text(accounts)
        running = self.stack.enter_context(
            product(
                "serve",
                "--port",
                str(port),
                "--roles",
                roles,
                environment=self.environment(**settings) | ({} if source is None else {"PYTHONPATH": str(source)}),
                folder=folder,
            )
        )
        url = f"http://127.0.0.1:{port}"
        http = self.stack.enter_context(
            httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
        )
        process = ClusterProcess(running, url, http, roles)
        self.processes.append(process)
        return process

    def start_all(self, *roles: str, **settings: str) -> list[ClusterProcess]:
        """Several at once; returns when each is ready."""
        started = [self.start(each, source=None, **settings) for each in roles]
        self.until_ready(*started)
        return started

    def until_ready(self, *processes: ClusterProcess) -> None:
        """Each of them takes part."""
        for process in processes:
            process.running.wait_for(
                lambda process=process: _is_ready(process.http), what="ready", timeout_seconds=READY_SECONDS
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`cmlfleet ARGUMENTS` beside the cluster's servers, to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )

    def until_all_ready(self, process: ClusterProcess, count: int) -> None:
        """Every worker of the cloud is adopted and found ready."""
        self.until(
            lambda: [record["health"] for record in process.workers().values()] == ["ready"] * count,
            what=f"{count} workers that are ready",
        )

    def until_refreshed(self, process: ClusterProcess, *, times: int = 1, timeout_seconds: float = 40.0) -> None:
        """Every worker is refreshed again."""
        for _ in range(times):
            before = {name: record["last_refreshed_at"] for name, record in process.workers().items()}
            self.until(
                lambda before=before: all(
                    (record["last_refreshed_at"] or "") > (before[name] or "")
                    for name, record in process.workers().items()
                    if name in before
                ),
                what="another refresh of every worker",
                timeout_seconds=timeout_seconds,
            )

    def until(self, condition: Callable[[], object], *, what: str, timeout_seconds: float = 40.0) -> None:
        """Wait; what the processes said is part of the failure."""

        def holds() -> object:
            try:
                return condition()
            except (httpx2.TransportError, ConnectionError):
                return False

        try:
            wait_until(holds, timeout_seconds=timeout_seconds, what=what)
        except AssertionError as error:
            said = [f"--- {process.roles}\n{process.running.text[-3000:]}" for process in self.processes]
            raise AssertionError("\n".join([str(error), *said])) from None

    def leader(self, seen_by: ClusterProcess) -> ClusterProcess | None:
        """The process that leads, as one of them says."""
        system = seen_by.get("/api/v1/system")
        pids = {view["pid"] for view in system["processes"] if view["leads"]}
        return next((each for each in self.processes if each.running.process.pid in pids), None)

    def key(self, name: str) -> str:
        """Of the installation's keys in Redis."""
        (installation,) = {key.split(":")[1] for key in self.redis.client.keys("cmlfleet:*")}
        return f"cmlfleet:{installation}:{name}"

    def fires(self, queue: str = "queue:1") -> list[dict[str, Any]]:
        """Every message on the queue that is a group's, the oldest first."""
        bodies = [json.loads(fields["data"])["kwargs"] for _, fields in self.redis.client.xrange(self.key(queue))]
        return [kwargs["body"] for kwargs in bodies if "body" in kwargs]

    def nothing_is_taken(self) -> bool:
        """No process works on a message of the queue."""
        return self.redis.client.xpending(self.key("queue:1"), CONSUMERS)["pending"] == 0

    def events(self, kind: str) -> list[str]:
        """The workers of the stored events of one type, in the order of their commits."""
        rows = self.sql(f"SELECT worker_id FROM events WHERE type = '{kind}' ORDER BY sequence")
        return rows.split()

    def sql(self, statement: str) -> str:
        """Asked of the cluster's database."""
        return self.postgres.sql(statement, database=self.database_url.rpartition("/")[2])

    def forget_calls(self) -> None:
        """Count from now on."""
        self.cloud.control.call("DELETE", "/calls")

    def calls(self) -> dict[str, int]:
        """Calls to AWS since the last `forget_calls`, by operation, as the simulated cloud counts them."""
        totals: dict[str, int] = {}
        for entry in self.cloud.control.call("GET", "/calls")["calls"]:
            totals[entry["operation"]] = totals.get(entry["operation"], 0) + entry["count"]
        return totals


@contextmanager
def running_cluster(
    cloud: SimulatedCloud,
    postgres: PostgresServer,
    database_url: str,
    redis: RedisServer,
    folder: Path,
    *,
    interval_seconds: int = INTERVAL_SECONDS,
    **settings: str,
) -> Generator[Cluster]:
    """Servers on empty data and no process yet; everything that was started ends with it."""
    variables = {
        "CMLFLEET_BOOTSTRAP_TOKEN": TOKEN,
        "CMLFLEET_SECRET_KEY": SECRET_KEY,
        "CMLFLEET_DATABASE_URL": database_url,
        "CMLFLEET_REDIS_URL": redis.url,
        "CMLFLEET_REFRESH_INTERVAL": str(interval_seconds),
        "CMLFLEET_DISCOVERY_INTERVAL": str(interval_seconds),
        **{f"CMLFLEET_{name.upper()}": value for name, value in settings.items()},
    }
    with ExitStack() as stack:
        cluster = Cluster(cloud, postgres, redis, folder, database_url, variables, stack)
        yield cluster
        for process in cluster.processes:  # all at once: each may take its time to stop
            process.running.process.terminate()
            del process
        for process in cluster.processes:
            process.running.process.wait(3 * STOP_SECONDS)


def _is_ready(http: httpx2.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False
