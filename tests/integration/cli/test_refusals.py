"""What goes wrong says what to do, on standard error, with the exit status for scripts."""

import subprocess
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.integration.cli.conftest import Fleet
from tests.support.product import COMMAND, cli_environment, free_port, run_cli

NOT_THERE_YET = [
    ("workers", "start", "cml-worker-00001"),
    ("workers", "stop", "cml-worker-00001"),
    ("workers", "terminate", "cml-worker-00001", "--yes"),
    ("labs", "start", "x"),
    ("labs", "stop", "x"),
    ("labs", "wipe", "x"),
    ("labs", "delete", "x"),
    ("labs", "export", "x"),
    ("labs", "import", "x"),
    ("license", "register", "x"),
    ("license", "deregister", "x"),
    ("nonsense",),
]


@pytest.mark.parametrize("command", NOT_THERE_YET)
def test_an_unknown_command_is_exit_2_and_names_those_there_are(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run_cli(*command, url="http://127.0.0.1:1", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Unknown command" in done.stderr
    assert "Available commands" in done.stderr


@pytest.mark.parametrize("command", [("workers", "list"), ("fleet",), ("events",), ("workers", "refresh")])
def test_a_service_that_does_not_answer_says_how_to_start_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run_cli(*command, url=url, home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    for words in (url, "cmlfleet serve", "CMLFLEET_URL"):
        assert words in done.stderr


def test_an_address_that_is_none_is_exit_2(tmp_path: Path) -> None:
    done = run_cli("fleet", url="the-service", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "http://" in done.stderr


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = 302 if self.path.startswith("/moved") else 404 if self.path.startswith("/lost") else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "https://elsewhere.example/")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>It works!</html>")

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def stranger() -> Generator[str]:
    """A web server that is not ours."""
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "told"), [("", "is not cmlfleet"), ("/moved", "https://elsewhere.example/"), ("/lost", "answers 404")]
)
def test_another_server_at_the_address_is_recognised(stranger: str, tmp_path: Path, path: str, told: str) -> None:
    done = run_cli("fleet", url=stranger + path, home=tmp_path)
    assert (done.returncode in (1, 3), done.stdout) == (True, "")
    assert told in done.stderr
    assert "CMLFLEET_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("token", ["wrong", None])
def test_who_is_not_signed_in_is_told_how(fleet: Fleet, token: str | None) -> None:
    done = run_cli("workers", "list", url=fleet.service.url, token=token, home=fleet.folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert "cmlfleet token create --role operator" in done.stderr
    assert "cmlfleet login" in done.stderr


@pytest.mark.parametrize("token", ["se\ncret", "sécret", "se\tcret"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(tmp_path: Path, token: str) -> None:
    done = run_cli("fleet", url="http://127.0.0.1:1", token=token, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "CMLFLEET_TOKEN holds characters that no token has\n"


def test_a_stored_token_that_is_none_is_refused_without_being_shown(tmp_path: Path) -> None:
    (tmp_path / ".config" / "cmlfleet").mkdir(parents=True)
    (tmp_path / ".config" / "cmlfleet" / "token-http___127_0_0_1_1").write_bytes(b"se\xffcret\n")
    done = run_cli("fleet", url="http://127.0.0.1:1", token=None, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cmlfleet login" in done.stderr
    assert "cret" not in done.stderr


@pytest.mark.parametrize("limit", ["-1", "0"])
def test_a_number_of_events_that_is_none_says_what_is_allowed(tmp_path: Path, limit: str) -> None:
    done = run_cli("events", "--limit", limit, url="http://127.0.0.1:1", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert ">= 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_import_without_a_region_names_those_there_are(fleet: Fleet) -> None:
    done = fleet.cli("workers", "import", "i-0123456789abcdef0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"say with --region where the instances are; known: {fleet.worker(1)['region']}\n"


def test_who_is_limited_is_not_told_to_import(fleet: Fleet) -> None:
    limited = {"name": "team", "role": "operator", "limit": {"labels": ["nobody=has-this"]}}
    made = fleet.service.http.post("/api/v1/tokens", json=limited).json()
    done = run_cli("workers", "list", url=fleet.service.url, token=made["token"], home=fleet.folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no workers that team may see: an admin decides which\n"


def test_a_password_that_is_too_short_is_exit_2(tmp_path: Path) -> None:
    done = run_cli(
        "user", "create", "anna", "--role", "viewer", url="http://127.0.0.1:1", stdin="short\n", home=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "short" not in done.stderr.split()


def test_a_role_that_does_not_allow_it_is_exit_4_and_named(fleet: Fleet) -> None:
    made = fleet.service.http.post("/api/v1/tokens", json={"name": "reader", "role": "viewer"}).json()
    done = run_cli(
        "workers", "refresh", "cml-worker-00001", url=fleet.service.url, token=made["token"], home=fleet.folder
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert "operator" in done.stderr
    assert "reader" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("workers", "get"), ("workers", "forget"), ("license", "show"), ("events", "--limit", "many")]
)
def test_usage_is_exit_2_without_a_word_on_standard_output(fleet: Fleet, arguments: tuple[str, ...]) -> None:
    done = fleet.cli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_a_pipe_that_closes_early_is_no_error(fleet: Fleet) -> None:
    environment = cli_environment(url=fleet.service.url, home=fleet.folder)
    command = f"{COMMAND[0]} workers list -o json | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")
