"""What others write (tags, notes, a controller's lab titles) reaches no terminal as a control character."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx2
import pytest
import yaml
from tests.integration.cli.conftest import Fleet, running_fleet

CLEAR, TITLE, C1, BIDI = "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\u202e"
SCRIPT = "<script>alert(1)</script>[red]=HYPERLINK(1)"
NAME = f"{SCRIPT}{C1}{BIDI}"
HOSTILE = f"{SCRIPT}{CLEAR}{TITLE}{C1}{BIDI}\r\b"
CONTROLS = ("\x1b", "\x07", "\x9b", "\u202e", "\r", "\b")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One worker whose name is an attack, as its note and a lab of a compromised controller."""
    with running_fleet(tmp_path_factory.mktemp("hostile"), workers=1) as fleet:
        worker = fleet.worker(1)
        _tag(fleet, worker["instance_id"], Name=NAME)
        _add_lab(worker["https_endpoint"], fleet.cloud.environment, title=HOSTILE)
        fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": HOSTILE, "labels": {"a": HOSTILE}})
        assert fleet.service.http.post(f"/api/v1/workers/{worker['id']}/refresh").status_code == 200
        yield fleet


def _tag(fleet: Fleet, instance_id: str, **tags: str) -> None:
    environment = fleet.cloud.environment
    client: Any = boto3.client(
        "ec2",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_tags(Resources=[instance_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def _add_lab(endpoint: str, environment: dict[str, str], *, title: str) -> None:
    account = {"username": environment["CMLFLEET_CML_USERNAME"], "password": environment["CMLFLEET_CML_PASSWORD"]}
    with httpx2.Client(base_url=f"{endpoint}/api/v0", verify=False) as client:
        token = client.post("/authenticate", json=account).json()
        made = client.post("/labs", json={"title": title}, headers={"Authorization": f"Bearer {token}"})
        assert made.status_code == 200, made.text


def _has_controls(text: str) -> list[str]:
    return [control for control in CONTROLS if control in text]


@pytest.mark.parametrize("form", ["table", "wide", "name", "csv", "yaml", "json"])
@pytest.mark.parametrize("group", ["workers", "labs"])
def test_no_form_lets_a_control_character_through(hostile: Fleet, group: str, form: str) -> None:
    done = hostile.cli(group, "list", "-o", form)
    assert done.returncode == 0
    assert "alert(1)" in done.stdout
    assert not _has_controls(done.stdout)


def test_json_is_still_exactly_the_api_s_object(hostile: Fleet) -> None:
    (worker,) = json.loads(hostile.cli("workers", "list", "-o", "json").stdout)
    assert (worker["name"], worker["note"]) == (NAME, HOSTILE)
    assert hostile.service.get(f"/api/v1/workers/{worker['id']}")["note"] == HOSTILE
    assert HOSTILE in [lab["title"] for lab in json.loads(hostile.cli("labs", "list", "-o", "json").stdout)]


def test_yaml_says_the_same(hostile: Fleet) -> None:
    (worker,) = yaml.safe_load(hostile.cli("workers", "list", "-o", "yaml").stdout)
    assert (worker["name"], worker["note"]) == (NAME, HOSTILE)


def test_markup_of_tables_is_shown_as_it_is(hostile: Fleet) -> None:
    assert SCRIPT in hostile.cli("workers", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("events",),
        ("workers", "refresh", "ID"),
        ("workers", "set-credentials", "--label", "a"),
        ("workers", "diagnose", "ID"),
        ("labs", "get", "alert(1)"),
        ("workers", "forget", "ID"),
    ],
    ids=" ".join,
)
def test_words_to_people_are_clean_too(hostile: Fleet, arguments: tuple[str, ...]) -> None:
    (worker,) = hostile.service.items("/api/v1/workers")
    named = [worker["id"] if word == "ID" else word for word in arguments]
    done = hostile.cli(*named, stdin="a-password\n")
    assert done.stdout + done.stderr
    assert not _has_controls(done.stdout + done.stderr)


def test_the_api_gives_them_as_data_that_no_browser_runs(hostile: Fleet) -> None:
    answer = hostile.service.http.get("/api/v1/labs")
    assert SCRIPT in answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
