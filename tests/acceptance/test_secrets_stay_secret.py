"""Secrets are planted everywhere, everything is driven, and every output and file is searched for them."""

import contextlib
import json
import re
import subprocess
from base64 import b64encode
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.canaries import Canaries
from tests.support.command_lines import command_lines
from tests.support.otlp_collector import OtlpCollector, running_collector
from tests.support.product import (
    COMMAND,
    START_SECONDS,
    RunningService,
    SimulatedCloud,
    clean_environment,
    served,
    simulated_cloud,
)

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.credentials import CredentialStore
from cmlfleet.simulator.plans import CML_PASSWORD, FIRST_ACCOUNT, SECOND_ACCOUNT

WORKERS = 16
ROLES_ASSUMED = 12  # more than this test makes the service assume
JWT = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")
"""What controllers issue as tokens."""
FAULTS = ("wrong-password", "certificate-changed", "internal-error", "html", "bad-gateway", "token-expired")
RULED = ("rule password", "rule password file")
OUTPUTS = (
    "the service's own words",
    "answers of the API",
    "errors of the API",
    "the event stream",
    "the command line",
    "traces and metrics that are pushed",
    "the list of processes",
    "a service that does not start",
)


@dataclass
class Driven:
    """What was said by whom, and where the files are."""

    canaries: Canaries
    folder: Path
    said: dict[str, bytearray] = field(default_factory=dict[str, bytearray])
    mine: set[Path] = field(default_factory=set[Path])
    """Files that a person put secrets into."""

    def hear(self, who: str, data: bytes | str) -> None:
        """One more word of theirs."""
        self.said.setdefault(who, bytearray()).extend(data if isinstance(data, bytes) else data.encode())


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    """Everything that the product does, once."""
    folder = tmp_path_factory.mktemp("canaries")
    done = Driven(Canaries(), folder)
    with (
        running_collector() as collector,
        simulated_cloud(folder, "--scenario", "multi", "--workers", str(WORKERS)) as cloud,
        command_lines("cmlfleet") as lines,
    ):
        cloud.running.says("in cmlfleet.toml")
        _write_files(done, cloud)
        settings = _settings(done)
        with served({**cloud.environment, **_telemetry(collector)}, folder, port=None, **settings) as service:
            _drive(done, service, cloud, settings)
            service.running.process.terminate()
            service.running.ended(timeout_seconds=START_SECONDS)
        done.hear("the service's own words", service.running.text)
        _fail_to_start(done, cloud)
        done.hear("the list of processes", b"\n".join(lines))
        done.hear("traces and metrics that are pushed", _pushed(collector))
    return done


def _write_files(done: Driven, cloud: SimulatedCloud) -> None:
    canaries, folder = done.canaries, done.folder
    canaries.plant("external id", SECOND_ACCOUNT.external_id or "")
    canaries.plant("AWS secret key", FIRST_ACCOUNT.secret_access_key)
    clock = SimulationClock()
    store = CredentialStore(accounts=(FIRST_ACCOUNT, SECOND_ACCOUNT), clock=clock, seed=1)
    caller = store.of_key(FIRST_ACCOUNT.access_key_id)
    assert caller is not None
    for number in range(ROLES_ASSUMED):
        role = f"arn:aws:iam::{SECOND_ACCOUNT.account_id}:role/cmlfleet-monitor"
        granted = store.assume(
            caller=caller,
            role_arn=role,
            session_name="cmlfleet",
            external_id=SECOND_ACCOUNT.external_id,
            seconds=3600,
        )
        canaries.plant(f"secret key of role {number}", granted.secret_access_key)
        canaries.plant(f"session token of role {number}", granted.session_token)
    accounts = "".join(cloud.running.err).partition("\n\n")[2]
    password_file, config = folder / "rule-password", folder / "cmlfleet.toml"
    password_file.write_text(canaries["rule password file"] + "\n")
    config.write_text(
        f"{accounts}\n"
        f'[[credentials]]\nlabel = "by=0"\nusername = "admin"\npassword = {json.dumps(canaries["rule password"])}\n'
        f'[[credentials]]\nlabel = "by=1"\nusername = "admin"\npassword_file = "{password_file}"\n'
    )
    done.mine = {password_file, config}
    for path in done.mine:
        path.chmod(0o600)


def _settings(done: Driven) -> dict[str, str]:
    canaries = done.canaries
    canaries.plant("fleet's password", CML_PASSWORD)
    return {
        "bootstrap_token": canaries.plain("bootstrap token"),
        "secret_key": canaries["secret key"],
        "secret_key_previous": canaries["previous secret key"],
    }


def _telemetry(collector: OtlpCollector) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


def _drive(done: Driven, service: RunningService, cloud: SimulatedCloud, settings: dict[str, str]) -> None:
    http, canaries = service.http, done.canaries
    http.headers["Authorization"] = f"Bearer {canaries['bootstrap token']}"
    service.until(
        lambda: sum(worker["health"] == "ready" for worker in service.workers().values()) == WORKERS,
        what="every worker to be ready",
    )
    workers = list(service.workers().values())
    with _listening(done, service):
        _give_credentials(done, service, workers)
        for number in range(len(RULED)):
            http.patch(f"/api/v1/workers/{workers[number]['id']}", json={"labels": {"by": str(number)}})
        for worker, fault in zip(workers[len(RULED) :], FAULTS, strict=False):
            cloud.fault(fault, worker["name"])
        for worker in workers:
            answer = http.post(f"/api/v1/workers/{worker['id']}/refresh")
            done.hear("answers of the API", answer.content)
        outcomes = {worker["sources"]["cml"]["error_code"] for worker in service.workers().values()}
        assert {"unauthorized", "certificate_changed"} <= outcomes, "the secrets were used"
        _people(done, http)
        _errors(done, http, workers[0]["id"])
        _read_everything(done, http, workers[0]["id"])
        _command_line(done, service, workers, settings, cloud)


@contextlib.contextmanager
def _listening(done: Driven, service: RunningService) -> Generator[None]:
    """What the stream said meanwhile is heard at the end, since it resumes without a gap."""
    headers = {"Accept": "text/event-stream"}
    with service.http.stream("GET", "/api/v1/stream", headers=headers) as first:
        lines = first.iter_lines()
        service.http.post("/api/v1/workers/refresh", json={})
        last_id = next(line.partition(":")[2].strip() for line in lines if line.startswith("id:"))
        yield
    with service.http.stream("GET", "/api/v1/stream", headers={**headers, "Last-Event-ID": last_id}) as again:
        for number, line in enumerate(again.iter_lines()):
            done.hear("the event stream", line + "\n")
            if number > 100:
                return


def _give_credentials(done: Driven, service: RunningService, workers: list[dict[str, Any]]) -> None:
    canaries = done.canaries
    body = {"username": "admin", "password": canaries["a worker's password by the API"]}
    path = f"/api/v1/workers/{workers[-1]['id']}/credentials"
    done.hear("answers of the API", service.http.put(path, json=body).content)
    body = {"token": canaries.plain("a worker's token")}
    path = f"/api/v1/workers/{workers[-2]['id']}/credentials"
    done.hear("answers of the API", service.http.put(path, json=body).content)
    service.http.patch(f"/api/v1/workers/{workers[-3]['id']}", json={"labels": {"team": "blue"}})


def _people(done: Driven, http: httpx2.Client) -> None:
    canaries = done.canaries
    user = {"name": "ann", "role": "viewer", "password": canaries["a user's password"]}
    done.hear("answers of the API", http.post("/api/v1/users", json=user).content)
    made = http.post("/api/v1/tokens", json={"name": "shown once", "role": "viewer"}).json()
    canaries.plant("an API token", made["token"])
    with httpx2.Client(base_url=http.base_url, timeout=START_SECONDS) as browser:
        for password in (canaries["a wrong password"], canaries["a user's password"]):
            answer = browser.post("/api/v1/session", json={"username": "ann", "password": password})
            done.hear("answers of the API", answer.content)
        canaries.plant("a session", next(iter(browser.cookies.values())))
        done.hear("answers of the API", browser.get("/api/v1/me").content)


def _errors(done: Driven, http: httpx2.Client, worker_id: str) -> None:
    canaries = done.canaries
    secret, path = canaries["in a body that is refused"], f"/api/v1/workers/{worker_id}/credentials"
    wrong_token = {"Authorization": f"Bearer {canaries.plain('a wrong token')}"}
    wrong_session = f"cmlfleet_session={canaries.plain('a wrong token')}"
    answers = [
        http.put(path, json={"username": 5, "password": secret}),
        http.put(path, json={"username": "admin", "password": secret, "token": secret}),
        http.put(path, json={"username": "admin", "passwort": secret}),
        http.put(path, json={"username": "admin", "password": [secret]}),
        http.put(path, content=f'{{"password": "{secret}"'.encode(), headers={"Content-Type": "application/json"}),
        http.put(path, content=secret.encode(), headers={"Content-Type": "text/plain"}),
        http.put(f"{path}/nothing", json={"password": secret}),
        http.post("/api/v1/session", json={"token": secret}),
        http.post("/api/v1/session", json={"username": secret, "password": [secret]}),
        http.get("/api/v1/workers", headers=wrong_token),
        http.get("/api/v1/workers", headers={"Authorization": f"Basic {canaries.plain('a wrong token')}"}),
        http.get("/api/v1/workers", headers={"Authorization": "", "Cookie": wrong_session}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        done.hear("errors of the API", answer.content + str(dict(answer.headers)).encode())


def _read_everything(done: Driven, http: httpx2.Client, worker_id: str) -> None:
    document = http.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/stream"):
            continue
        at = path.replace("{worker_id}", worker_id)
        answer = http.get(at, params={"limit": "1000"} if "limit" in json.dumps(methods["get"]) else None)
        done.hear("answers of the API", f"{at} {dict(answer.headers)}\n".encode() + answer.content)
    for path in ("/", "/api/docs"):
        done.hear("answers of the API", http.get(path).content)


def _command_line(
    done: Driven,
    service: RunningService,
    workers: list[dict[str, Any]],
    settings: dict[str, str],
    cloud: SimulatedCloud,
) -> None:
    canaries, home = done.canaries, done.folder
    client = {"CMLFLEET_URL": service.url, "CMLFLEET_TOKEN": canaries["bootstrap token"]}
    names = [worker["id"] for worker in workers]
    anywhere = (
        *((("workers", "list", "-o", form), "") for form in ("wide", "json", "yaml", "csv")),
        (("workers", "set-credentials", names[-4]), canaries["a password on standard input"] + "\n"),
        (("workers", "set-credentials", "--label", "team=blue"), canaries["a password for a label"] + "\n"),
        *(
            (("workers", verb, names[number]), "")
            for verb in ("get", "refresh", "diagnose", "trust")
            for number in (0, 3)
        ),
        (("labs", "list", "-o", "json"), ""),
        (("license", "show", names[5], "-o", "json"), ""),
        (("fleet", "-o", "json"), ""),
        (("events", "--limit", "1000", "-o", "json"), ""),
        (("events", "--audit", "--limit", "1000", "-o", "json"), ""),
        (("login",), canaries["bootstrap token"] + "\n"),
        (("workers", "get", "no-such-worker"), ""),
    )
    for arguments, stdin in anywhere:
        _run(done, *arguments, stdin=stdin, environment=clean_environment(home, **client))
    done.mine |= set((home / ".config").rglob("token-*"))
    here = _here(done, cloud, settings)
    for arguments, stdin in (
        (("doctor",), ""),
        (("doctor", "-o", "json"), ""),
        (("serve", "--print-config"), ""),
        (("secrets", "rotate"), ""),
        (("token", "list"), ""),
        (("user", "create", "bob", "--role", "viewer"), canaries["a user's password by standard input"] + "\n"),
        (("user", "list"), ""),
        (("migrate",), ""),
        (("backup", str(done.folder / "fleet.backup")), ""),
    ):
        _run(done, *arguments, stdin=stdin, environment=here)


def _here(done: Driven, cloud: SimulatedCloud, settings: dict[str, str], **changed: str) -> dict[str, str]:
    """The environment of commands that run where the service runs."""
    variables = {f"CMLFLEET_{name.upper()}": value for name, value in {**settings, **changed}.items()}
    data_dir = {"CMLFLEET_DATA_DIR": str(done.folder / "data")}
    return clean_environment(done.folder, **cloud.environment) | data_dir | variables


def _fail_to_start(done: Driven, cloud: SimulatedCloud) -> None:
    canaries = done.canaries
    password = canaries.plain("the database's password")
    attempts: tuple[dict[str, str], ...] = (
        {"database_url": f"postgresql+asyncpg://u:{password}@127.0.0.1:9/fleet"},
        {"database_url": f"postgresql+asyncpg://u:{password}/@127.0.0.1/fleet"},
        {"database_url": f"mysql://u:{password}@127.0.0.1/fleet"},
        {"redis_url": f"redis://:{canaries.plain('the password of Redis')}@127.0.0.1:9/0"},
        {"secret_key": canaries["secret key"][:20]},
        {"secret_key_command": f"/nonexistent --token={canaries.plain('in a command')}"},
        {"cml_username": "", "cml_password": canaries["a password without a name"]},
        {"bootstrap_token": canaries["bootstrap token"][:25]},
        {"oidc_client_secret": canaries["the secret of OpenID"]},
    )
    canaries.plant("a short secret key", canaries["secret key"][:20])
    canaries.plant("a short token", canaries["bootstrap token"][:25])
    for attempt in attempts:
        environment = _here(done, cloud, {}, **attempt)
        for arguments in (("serve", "--print-config"), ("doctor",), ("serve", "--port", "1")):
            if arguments[0] == "serve" and attempt.keys() == {"oidc_client_secret"} and "--port" in arguments:
                continue  # nothing stops it
            text = _output(*arguments, environment=environment, folder=done.folder)
            done.hear("a service that does not start", text)


def _run(done: Driven, *arguments: str, stdin: str, environment: dict[str, str]) -> None:
    done.hear("the command line", _output(*arguments, stdin=stdin, environment=environment, folder=done.folder))


def _output(*arguments: str, environment: dict[str, str], folder: Path, stdin: str = "") -> bytes:
    finished = subprocess.run(
        [*COMMAND, *arguments],
        env=environment,
        cwd=folder,
        input=stdin.encode(),
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
    )
    return b" ".join((f"{arguments} ended with {finished.returncode}\n".encode(), finished.stdout, finished.stderr))


def _pushed(collector: OtlpCollector) -> bytes:
    assert collector.spans
    assert collector.metrics
    return repr((collector.spans, collector.metrics)).encode()


@pytest.mark.parametrize("who", OUTPUTS)
def test_no_secret_is_in(driven: Driven, who: str) -> None:
    said = bytes(driven.said[who])
    assert len(said) > 1000
    assert driven.canaries.seen_in(said) == []
    assert JWT.search(said) is None


def test_what_was_said_was_all_there_is(driven: Driven) -> None:
    assert set(driven.said) == set(OUTPUTS)


def test_no_secret_is_in_a_file_that_nobody_put_it_into(driven: Driven) -> None:
    """The database with its write-ahead log, a backup, and whatever else lies in the data directory and the home."""
    files = [path for path in driven.folder.rglob("*") if path.is_file() and path not in driven.mine]
    assert {"cmlfleet.db", "fleet.backup"} <= {path.name for path in files}
    seen = {str(path): driven.canaries.seen_in(path.read_bytes()) for path in files}
    assert {path: places for path, places in seen.items() if places} == {}
    assert not [path for path in files if JWT.search(path.read_bytes())]


def test_what_was_planted_can_be_found(driven: Driven) -> None:
    """Or the search would prove nothing."""
    config = (driven.folder / "cmlfleet.toml").read_bytes()
    assert {"rule password", "external id"} <= set(driven.canaries.seen_in(config))
    secret = driven.canaries["secret key"]
    hidden = b64encode(b"x" + secret.encode() + b"yz")
    for form in (repr(secret).encode(), json.dumps(secret).encode(), secret.encode().hex().encode(), hidden):
        assert "secret key" in driven.canaries.seen_in(form)
