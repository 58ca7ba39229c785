"""`cmlfleet demo`: what `make run` shows a newcomer."""

import re
import signal
import socket
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psutil
import pytest
from tests.support.product import ProductProcess, clean_environment, free_port, product, run_cli
from tests.support.waiting import wait_until

LAST_WORDS = "Ctrl-C ends it all"
WORKERS = [
    "aci-stuck",
    "bgp-class-1",
    "bgp-class-2",
    "campus-compliance",
    "dc-cluster",
    "dc-cluster-compute-2",
    "metal-forgotten",
    "mpls-retiring",
    "ospf-password",
    "sdwan-new",
    "student-full",
    "summer-lab",
]


class Demo:
    """A demo that told its first table."""

    def __init__(self, running: ProductProcess, port: int) -> None:
        self.running = running
        self.url = f"http://127.0.0.1:{port}"
        found = re.search(r"CMLFLEET_TOKEN=(\S+)", running.text)
        assert found is not None, running.text
        self.token = found[1]
        self.http = httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=20)

    def row(self, name: str) -> str:
        """The worker's line of the first table."""
        return next(line for line in self.running.out if line.split()[:1] == [name])

    def worker(self, name: str) -> dict[str, object]:
        answer = self.http.get("/api/v1/workers", params={"name.eq": name})
        return answer.json()["items"][0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    with product("demo", "--port", str(port), environment=clean_environment(folder), folder=folder) as running:
        running.says(LAST_WORDS)
        yield Demo(running, port)


def test_the_terminal_shows_progress_the_table_the_address_and_how_to_sign_in(demo: Demo) -> None:
    text = demo.running.text
    order = [
        text.index("starting the simulated cloud"),
        text.index("starting the service"),
        text.index("adopting 12 workers"),
        text.index("WHAT IS WRONG"),
        text.index(f"{demo.url}/api/docs"),
        text.index("CMLFLEET_TOKEN="),
        text.index("cmlfleet workers watch"),
        text.index(LAST_WORDS),
    ]
    assert order == sorted(order)
    for name in WORKERS:
        demo.row(name)
    assert demo.running.err == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bgp-class-1", ("running", "ready", "14 of 14")),
        ("sdwan-new", ("running", "booting")),
        ("aci-stuck", ("running", "degraded", "502", "47 min")),
        ("metal-forgotten", ("6.14", "no node has run for 9 h")),
        ("ospf-password", ("degraded", "refuses the sign-in")),
        ("student-full", ("disk 94 %", "20 of 20")),
        ("campus-compliance", ("unlicensed", "OUT_OF_COMPLIANCE")),
        ("dc-cluster", ("degraded", "compute")),
        ("dc-cluster-compute-2", ("its controller has lost the connection to this compute",)),
        ("mpls-retiring", ("instance-retirement on 20",)),
        ("summer-lab", ("stopped", "off")),
    ],
)
def test_each_workers_story_is_in_its_row(demo: Demo, name: str, words: tuple[str, ...]) -> None:
    row = demo.row(name)
    for word in words:
        assert word in row


def test_the_denied_region_is_one_line_that_names_the_permission(demo: Demo) -> None:
    lines = [line for line in demo.running.out if line.startswith("eu-west-1")]
    assert len(lines) == 1
    assert "access_denied" in lines[0]
    assert "ec2:DescribeInstances" in lines[0]


def test_the_version_behind_the_wrong_password_is_known_all_the_same(demo: Demo) -> None:
    worker = demo.worker("ospf-password")
    assert worker["last_cml_api_error"]
    assert str(worker["cml_version"]).startswith("2.9")


def test_there_are_days_of_history(demo: Demo) -> None:
    question = {"from": (datetime.now(UTC) - timedelta(days=2)).isoformat(), "step": "3600"}
    samples = demo.http.get(f"/api/v1/workers/{demo.worker('bgp-class-1')['id']}/samples", params=question)
    assert samples.status_code == 200, samples.text
    assert sum(point["cpu_utilization"] is not None for point in samples.json()["points"]) >= 20


def test_the_printed_token_and_address_sign_the_command_line_in(demo: Demo) -> None:
    done = run_cli("workers", "list", "-o", "name", url=demo.url, token=demo.token)
    assert done.returncode == 0
    assert done.stdout.split() == WORKERS


def test_the_new_worker_boots_to_ready_while_one_watches_and_the_beats_are_told(demo: Demo) -> None:
    wait_until(lambda: demo.worker("sdwan-new")["health"] == "ready", timeout_seconds=75, what="sdwan-new ready")
    demo.running.says("bgp-class-2 is stopped in the AWS console", timeout_seconds=60)
    wait_until(
        lambda: demo.worker("bgp-class-2")["status"] in ("stopping", "stopped"), timeout_seconds=15, what="stopping"
    )
    demo.running.says("a lab is started on metal-forgotten", timeout_seconds=60)
    wait_until(lambda: demo.worker("metal-forgotten")["nodes_running"], timeout_seconds=30, what="a running node")


def test_ctrl_c_stops_everything_in_time_and_the_same_folder_serves_again(tmp_path: Path) -> None:
    port = free_port()
    names: list[dict[str, str]] = []
    for _ in range(2):
        arguments = ("demo", "--port", str(port), "--data-dir", str(tmp_path / "kept"))
        with product(*arguments, environment=clean_environment(tmp_path), folder=tmp_path) as running:
            running.says(LAST_WORDS)
            answer = Demo(running, port).http.get("/api/v1/workers").json()
            names.append({worker["id"]: worker["name"] for worker in answer["items"]})
            ready = [line.split()[0] for line in running.out if " ready " in line and "running" in line]
            assert "bgp-class-1" in ready
            started = psutil.Process(running.process.pid).children(recursive=True)
            running.send(signal.SIGINT)
            assert running.ended() == 0
            assert "Traceback" not in running.text
            assert [child for child in started if child.is_running()] == []
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert names[0] == names[1]
    assert sorted(names[0].values()) == WORKERS


def test_ctrl_c_in_the_middle_of_the_start_ends_it_too(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, TMPDIR=str(tmp_path))
    with product("demo", "--port", str(free_port()), environment=environment, folder=tmp_path) as running:
        running.says("starting the simulated cloud")
        running.send(signal.SIGINT)
        assert running.ended() in (0, 130)
        assert "Traceback" not in running.text
    assert list(tmp_path.glob("cmlfleet-demo-*")) == []


def test_a_taken_port_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with product(
            "demo", "--port", str(port), environment=clean_environment(tmp_path), folder=tmp_path
        ) as running:
            assert running.ended(timeout_seconds=30) == 1
        assert f"127.0.0.1:{port}" in running.text
        assert "PORT=" in running.text
        assert "Traceback" not in running.text
