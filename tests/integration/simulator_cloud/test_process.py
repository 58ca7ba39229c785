"""`cmlfleet simulate` as a process, and faults switched in it from another."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from tests.support.simulator import COMMAND, SOURCE_ENVIRONMENT, read_environment, simulator_process


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**SOURCE_ENVIRONMENT, **environment},
    )


def asked(environment: dict[str, str], path: str) -> Any:
    with urllib.request.urlopen(environment["AWS_ENDPOINT_URL"] + path, timeout=5) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Of one simulator with two workers that these tests share."""
    with simulator_process("--workers", "2") as exported:
        yield exported


def test_its_exports_are_all_that_boto3_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulator_process("--workers", "3", "--cml-version", "2.10.0") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        reservations = boto3.client("ec2").describe_instances()["Reservations"]
        assert len(reservations) == 3
        assert environment["VIRL2_URL"].startswith("https://127.1.0.1:")
        calls = asked(environment, "/_simulator/calls")["calls"]
        assert [(call["operation"], call["outcome"], call["count"]) for call in calls] == [
            ("DescribeInstances", "ok", 1)
        ]


def test_without_workers_no_controller_is_exported() -> None:
    with simulator_process("--workers", "0") as environment:
        assert "VIRL2_URL" not in environment


@pytest.mark.parametrize("command", [("simulate", "--scenario", "team"), ("demo",)])
def test_fewer_workers_than_the_story_has_are_refused(command: tuple[str, ...]) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "cmlfleet", *command, "--workers", "5"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=SOURCE_ENVIRONMENT,
    )
    assert (refused.returncode, refused.stdout.count("export")) == (2, 0)
    assert "at least 12, not 5" in refused.stderr


def test_faults_are_switched_on_and_off_from_outside(environment: dict[str, str]) -> None:
    where = {"AWS_ENDPOINT_URL": environment["AWS_ENDPOINT_URL"]}
    on = run("fault", "slow", "--worker", "cml-worker-00001", "--parameter.seconds", "2", **where)
    assert (on.returncode, on.stdout) == (0, "slow on for cml-worker-00001\n")
    (fault,) = asked(environment, "/_simulator/faults")["faults"]
    assert (fault["name"], fault["worker"]) == ("slow", "cml-worker-00001")
    assert fault["parameters"] == {"seconds": "2"}
    off = run("fault", "slow", "--worker", "cml-worker-00001", "--clear", **where)
    assert (off.returncode, off.stdout) == (0, "slow off for cml-worker-00001\n")
    assert asked(environment, "/_simulator/faults")["faults"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["fault", "nonsense"], 2, "there is no fault 'nonsense'; there are: throttling"),
        (["fault", "slow", "--worker", "nobody"], 1, "there is no worker 'nobody'"),
        (
            ["fault", "throttling", "--worker", "cml-worker-00001"],
            1,
            "strikes a region, account or operation",
        ),
        (["--scenario", "wild"], 2, "there is no scenario 'wild'; there are: steady"),
        (["--cml-version", "banana"], 2, "banana"),
    ],
)
def test_mistakes_are_explained(environment: dict[str, str], arguments: list[str], status: int, words: str) -> None:
    result = run(*arguments, AWS_ENDPOINT_URL=environment["AWS_ENDPOINT_URL"])
    assert result.returncode == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_list_of_faults_needs_no_simulator() -> None:
    result = run("fault")
    assert result.returncode == 0
    assert "bad-gateway" in result.stdout
    assert "--parameter.seconds" in result.stdout


def test_no_simulator_to_talk_to() -> None:
    result = run("fault", "slow", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert result.returncode == 1
    assert "no simulator answers" in result.stderr
    assert "cmlfleet simulate" in result.stderr


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("--workers", "1", "--cml-port", "0", "--aws-port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert "--aws-port" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_while_a_call_hangs(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--workers", "5", "--aws-port", "0", "--cml-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=SOURCE_ENVIRONMENT,
    )
    environment = read_environment(process)
    run("fault", "hanging-region", AWS_ENDPOINT_URL=environment["AWS_ENDPOINT_URL"])
    host, port = environment["AWS_ENDPOINT_URL"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        credential = f"Credential={environment['AWS_ACCESS_KEY_ID']}/20261124/us-east-1/ec2/aws4_request"
        body = "Action=DescribeRegions"
        caller.sendall(
            f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 {credential}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        before = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert time.monotonic() - before < 2.5
    assert process.returncode == 0
    assert errors == ""
