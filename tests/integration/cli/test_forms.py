"""Every `-o` form of every command that prints data."""

import csv
import io
import json
from typing import Any

import pytest
import yaml
from tests.integration.cli.conftest import WORKERS, Fleet

LISTS = [
    ("workers", "list"),
    ("labs", "list"),
    ("events", "--limit", "5"),
]
SINGLES = [
    ("workers", "get", "cml-worker-00001"),
    ("license", "show", "cml-worker-00001"),
    ("fleet",),
    ("workers", "diagnose", "cml-worker-00001"),
]
MOVES_ON = ("monitoring", "cml_uptime_seconds")
"""What is another with each answer."""


def _steady(worker: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in worker.items() if name not in MOVES_ON}


@pytest.mark.parametrize("command", [*LISTS, *SINGLES])
def test_json_and_yaml_hold_the_same_objects(fleet: Fleet, command: tuple[str, ...]) -> None:
    from_json = json.loads(fleet.cli(*command, "-o", "json").stdout)
    from_yaml = yaml.safe_load(fleet.cli(*command, "-o", "yaml").stdout)
    assert type(from_json) is type(from_yaml)
    if isinstance(from_json, list):
        assert from_json
        assert [set(entry) for entry in from_json] == [set(entry) for entry in from_yaml]
    else:
        assert set(from_json) == set(from_yaml)


def test_json_is_exactly_the_object_of_the_api(fleet: Fleet) -> None:
    listed = fleet.json("workers", "list")
    assert [_steady(worker) for worker in listed] == [
        _steady(worker) for worker in fleet.service.items("/api/v1/workers", sort="name")
    ]
    one = fleet.json("workers", "get", "cml-worker-00002")
    served = fleet.service.get(f"/api/v1/workers/{one['id']}")
    assert list(one) == list(served)
    assert _steady(one) == _steady(served)
    assert fleet.json("labs", "list") == fleet.service.items("/api/v1/labs")


def test_json_keeps_what_is_not_ascii(fleet: Fleet) -> None:
    worker = fleet.worker(4)
    fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": "für Zoë, 日本"})
    assert "für Zoë, 日本" in fleet.cli("workers", "get", worker["name"], "-o", "json").stdout


@pytest.mark.parametrize("command", LISTS)
def test_csv_is_a_table_for_programs(fleet: Fleet, command: tuple[str, ...]) -> None:
    rows = list(csv.reader(io.StringIO(fleet.cli(*command, "-o", "csv").stdout)))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    objects = fleet.json(*command)
    assert rows[0] == list(objects[0])


@pytest.mark.parametrize(
    ("command", "nothing"),
    [
        (("workers", "list"), ("-q", "nobody-has-this")),
        (("labs", "list"), ("-q", "nobody-has-this")),
        (("events",), ("--actor", "nobody")),
        (("events", "--audit"), ("--actor", "nobody")),
    ],
)
def test_csv_of_nothing_names_the_same_fields(
    fleet: Fleet, command: tuple[str, ...], nothing: tuple[str, ...]
) -> None:
    some = fleet.cli(*command, "-o", "csv").stdout.splitlines()
    none = fleet.cli(*command, *nothing, "-o", "csv")
    assert (none.returncode, none.stdout.splitlines()) == (0, some[:1])
    assert some[1:]


def test_csv_has_every_field_with_what_is_nested_as_json(fleet: Fleet) -> None:
    text = fleet.cli("workers", "list", "-o", "csv").stdout
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["name"] == "cml-worker-00001"
    assert row["cml_ready"] == "true"
    assert row["note"] == ""
    assert json.loads(row["tags"])["Name"] == row["name"]
    assert json.loads(row["sources"])["ec2"]["outcome"] == "ok"


def test_csv_quotes_what_would_break_it(fleet: Fleet) -> None:
    worker = fleet.worker(3)
    note = 'one, "two"\nthree'
    fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": note})
    text = fleet.cli("workers", "get", worker["name"], "-o", "csv").stdout
    assert next(csv.DictReader(io.StringIO(text)))["note"] == note


def test_name_is_what_other_commands_take(fleet: Fleet) -> None:
    names = fleet.cli("workers", "list", "-o", "name").stdout.split()
    assert names == [f"cml-worker-{number:05}" for number in range(1, WORKERS + 1)]
    assert fleet.json("workers", "get", names[0])["name"] == names[0]
    labs = fleet.cli("labs", "list", "-o", "name").stdout.splitlines()
    assert sorted(labs) == sorted(lab["title"] for lab in fleet.json("labs", "list"))
    events = fleet.cli("events", "--worker", names[0], "--limit", "3", "-o", "name").stdout.split()
    assert events == [event["id"] for event in fleet.json("events", "--worker", names[0], "--limit", "3")]


def test_what_has_no_name_says_so(fleet: Fleet) -> None:
    done = fleet.cli("fleet", "-o", "name")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--output" in done.stderr


def test_a_table_for_a_pipe_has_whole_lines_without_colour(fleet: Fleet) -> None:
    text = fleet.cli("workers", "list").stdout
    lines = text.splitlines()
    assert len(lines) == 1 + WORKERS
    assert lines[0].split()[:4] == ["NAME", "STATUS", "HEALTH", "CPU"]
    assert "\x1b" not in text
    assert not [line for line in lines if line != line.rstrip()]
    assert all(" ago" in line for line in lines[1:])


def test_wide_tells_more(fleet: Fleet) -> None:
    worker = fleet.worker(1)
    header, row, *_ = fleet.cli("workers", "list", "-o", "wide").stdout.splitlines()
    assert "WHAT IS WRONG" in header
    for shown in (worker["id"], worker["instance_id"], worker["region"], worker["cml_version"]):
        assert shown in row
    assert worker["id"] not in fleet.cli("workers", "list").stdout


def test_a_form_that_does_not_exist_names_those_that_do(fleet: Fleet) -> None:
    done = fleet.cli("workers", "list", "-o", "xml")
    assert (done.returncode, done.stdout) == (2, "")
    for form in ("table", "wide", "json", "yaml", "csv", "name"):
        assert form in done.stderr
