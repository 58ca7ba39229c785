"""Listing, getting and diagnosing: how a worker is named, how the list is chosen and sorted."""

import pytest
from tests.integration.cli.conftest import WORKERS, Fleet

NAMES = [f"cml-worker-{number:05}" for number in range(1, WORKERS + 1)]


@pytest.mark.parametrize("by", ["id", "instance_id", "name"])
def test_a_worker_goes_by_three_names(fleet: Fleet, by: str) -> None:
    worker = fleet.worker(2)
    assert fleet.json("workers", "get", worker[by])["id"] == worker["id"]


@pytest.mark.parametrize("name", ["nobody", "w-0000000000000000", "i-0123456789abcdef0", "w-../x", "a/b?c", " "])
def test_an_unknown_worker_is_exit_3(fleet: Fleet, name: str) -> None:
    done = fleet.cli("workers", "get", name)
    assert (done.returncode, done.stdout) == (3, "")
    assert "cmlfleet workers list" in done.stderr


def test_one_worker_shows_when_each_source_was_read(fleet: Fleet) -> None:
    text = fleet.cli("workers", "get", NAMES[0]).stdout
    for source in ("ec2", "cloudwatch", "cml"):
        line = next(line for line in text.splitlines() if line.split(maxsplit=1)[:1] == [source])
        assert " ok " in line
        assert " ago" in line


def _names(fleet: Fleet, *options: str) -> list[str]:
    done = fleet.cli("workers", "list", "-o", "name", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_list_is_chosen(fleet: Fleet) -> None:
    worker = fleet.worker(1)
    fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"labels": {"chosen": "yes", "team": "blue"}})
    assert _names(fleet, "--region", worker["region"]) == NAMES
    assert _names(fleet, "--account", worker["account_id"]) == NAMES
    assert _names(fleet, "--status", "running,stopped") == NAMES
    assert _names(fleet, "--status", "stopped") == []
    assert _names(fleet, "--health", "ready") == NAMES
    assert _names(fleet, "--label", "chosen") == [worker["name"]]
    assert _names(fleet, "--label", "chosen=yes", "--label", "team=blue") == [worker["name"]]
    assert _names(fleet, "--label", "chosen=yes", "--label", "team=red") == []
    assert _names(fleet, "-q", worker["instance_id"]) == [worker["name"]]
    assert _names(fleet, "--where", "nodes_running.gte=0", "--where", f"name.eq={NAMES[2]}") == [NAMES[2]]


def test_the_list_is_sorted(fleet: Fleet) -> None:
    assert _names(fleet, "--sort", "-name") == NAMES[::-1]
    costs = [worker["cost_per_hour_usd"] for worker in fleet.json("workers", "list", "--sort", "-cost_per_hour_usd")]
    assert costs == sorted(costs, reverse=True)


def test_nothing_found_is_said_and_is_no_failure(fleet: Fleet) -> None:
    done = fleet.cli("workers", "list", "--status", "stopped")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no workers match" in done.stderr
    assert fleet.json("workers", "list", "--status", "stopped") == []


@pytest.mark.parametrize("command", ["list", "refresh", "watch"])
def test_a_region_that_is_not_known_is_exit_2_and_names_those_that_are(fleet: Fleet, command: str) -> None:
    done = fleet.cli("workers", command, "--region", "mars")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"the region 'mars' is not known; known: {fleet.worker(1)['region']}\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--status", "broken"), ["'broken'", "running", "stopped"]),
        (("--health", "fine"), ["'fine'", "degraded"]),
        (("--sort", "beauty"), ["'beauty'", "cpu_utilization"]),
        (("--where", "cpu_utilization"), ["FIELD.OPERATOR=VALUE"]),
        (("--where", "beauty.gt=1"), ["'beauty'"]),
        (("--label", "=x"), ["key=value"]),
        (("--colour", "red"), ["--colour"]),
    ],
)
def test_a_choice_that_makes_no_sense_is_exit_2_and_says_what_does(
    fleet: Fleet, options: tuple[str, ...], told: list[str]
) -> None:
    done = fleet.cli("workers", "list", *options)
    assert (done.returncode, done.stdout) == (2, "")
    for words in told:
        assert words in done.stderr


def test_a_diagnosis_has_a_line_for_each_thing_looked_at(fleet: Fleet) -> None:
    done = fleet.cli("workers", "diagnose", NAMES[0])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith("ok") for line in lines)
    assert {line.split()[1].rstrip(":") for line in lines} >= {"ec2_state", "tcp", "tls", "api", "sign_in", "kvm"}


def test_labs_and_licence(fleet: Fleet) -> None:
    labs = fleet.json("labs", "list")
    lab = labs[0]
    assert fleet.json("labs", "get", lab["id"])["id"] == lab["id"]
    own = fleet.json("labs", "list", "--worker", lab["worker_name"])
    assert {entry["worker_id"] for entry in own} == {lab["worker_id"]}
    started = fleet.json("labs", "list", "--state", "STARTED")
    assert {entry["state"] for entry in started} == {"STARTED"}
    licence = fleet.cli("license", "show", NAMES[0])
    assert "IN_COMPLIANCE" in licence.stdout
    missing = fleet.cli("labs", "get", "no such lab")
    assert (missing.returncode, missing.stdout) == (3, "")


def test_labs_of_the_same_title_are_told_apart(fleet: Fleet) -> None:
    titles = [lab["title"] for lab in fleet.json("labs", "list")]
    twice = next((title for title in titles if titles.count(title) > 1), None)
    assert twice is not None, f"the fleet has no title twice: {titles}"
    done = fleet.cli("labs", "get", twice)
    assert done.returncode == 2
    ids = [lab["id"] for lab in fleet.json("labs", "list") if lab["title"] == twice]
    assert all(lab_id in done.stderr for lab_id in ids)


def test_the_fleet_in_a_few_lines(fleet: Fleet) -> None:
    text = fleet.cli("fleet").stdout
    assert f"{WORKERS}: {WORKERS} running" in text
    assert f"{WORKERS} ready" in text
    assert "an hour at list price" in text
