"""Commands that change something: refresh, import, forget, credentials, certificates."""

import json
from typing import Any

import pytest
from tests.integration.cli.conftest import WORKERS, Fleet

from cmlfleet.simulator.plans import CML_PASSWORD

FIRST, SECOND, THIRD, FOURTH = (f"cml-worker-{number:05}" for number in range(1, WORKERS + 1))


def _refreshed_at(fleet: Fleet, name: str) -> str:
    return fleet.service.worker(name)["last_refreshed_at"]


def test_a_refresh_reads_now_and_says_what_each_source_said(own_fleet: Fleet) -> None:
    before = _refreshed_at(own_fleet, FIRST)
    done = own_fleet.cli("workers", "refresh", FIRST)
    assert done.returncode == 0, done.stderr
    assert FIRST in done.stdout
    for source in ("ec2", "cloudwatch", "cml"):
        line = next(line for line in done.stderr.splitlines() if line.startswith(source))
        assert " ms)" in line
    assert _refreshed_at(own_fleet, FIRST) > before


def test_a_refresh_as_json_is_the_result_of_the_api(own_fleet: Fleet) -> None:
    result = own_fleet.json("workers", "refresh", FIRST)
    assert result.keys() == {"worker", "sources", "events", "started_at", "duration_ms"}


def test_a_source_that_fails_is_named_and_fails_nothing_else(own_fleet: Fleet) -> None:
    own_fleet.cloud.fault("bad-gateway", SECOND)
    try:
        done = own_fleet.cli("workers", "refresh", SECOND)
        several = own_fleet.cli("workers", "refresh", FIRST, SECOND)
    finally:
        own_fleet.cloud.mend()
    assert own_fleet.cli("workers", "refresh", SECOND).returncode == 0
    assert done.returncode == 0
    assert "not_ready" in next(line for line in done.stderr.splitlines() if line.startswith("cml"))
    assert several.returncode == 0
    assert "not_ready" in next(line for line in several.stdout.splitlines() if line.startswith(SECOND))
    assert "2 of 2 refreshed" in several.stderr


def test_many_are_refreshed_and_their_operation_is_the_answer(own_fleet: Fleet) -> None:
    before = {name: _refreshed_at(own_fleet, name) for name in (FIRST, SECOND)}
    operation = own_fleet.json("workers", "refresh", "--region", "us-east-1", "--health", "ready")
    assert operation["state"] == "done"
    assert operation["done"] == operation["total"] >= 2
    assert all(_refreshed_at(own_fleet, name) > moment for name, moment in before.items())


def test_one_unknown_name_among_several_refreshes_nothing(own_fleet: Fleet) -> None:
    before = _refreshed_at(own_fleet, FIRST)
    done = own_fleet.cli("workers", "refresh", FIRST, "nobody")
    assert (done.returncode, done.stdout) == (3, "")
    assert "'nobody'" in done.stderr
    assert _refreshed_at(own_fleet, FIRST) == before


def test_a_selection_without_workers_refreshes_none(own_fleet: Fleet) -> None:
    done = own_fleet.cli("workers", "refresh", "--label", "nobody-has-this")
    assert done.returncode == 0
    assert "0 of 0 refreshed" in done.stderr


def test_import_by_id_by_tag_and_what_is_not_found(own_fleet: Fleet) -> None:
    worker = own_fleet.service.worker(THIRD)
    region, instance = worker["region"], worker["instance_id"]
    assert own_fleet.cli("workers", "forget", THIRD, "--yes").returncode == 0

    tried = own_fleet.cli("workers", "import", "--region", region, instance, "--dry-run", "-o", "name")
    assert (tried.returncode, tried.stdout.split()) == (0, [THIRD])
    assert "1 would be imported" in tried.stderr
    assert THIRD not in own_fleet.service.workers()

    by_tag = own_fleet.cli("workers", "import", "--region", region, "--tag", f"Name={THIRD}", "-o", "name")
    assert (by_tag.returncode, by_tag.stdout.split()) == (0, [THIRD])

    again = own_fleet.cli("workers", "import", "--region", region, instance, "i-0fedcba9876543210")
    assert (again.returncode, again.stdout) == (5, "")
    assert "1 known already" in again.stderr
    assert "i-0fedcba9876543210" in again.stderr

    none = own_fleet.cli("workers", "import", "--region", region, "i-0fedcba9876543210")
    assert (none.returncode, none.stdout) == (1, "")


def test_import_as_json_is_the_answer_of_the_api(own_fleet: Fleet) -> None:
    worker = own_fleet.service.worker(FIRST)
    result = own_fleet.json("workers", "import", "--region", worker["region"], worker["instance_id"])
    assert result == {"operation_id": None, "imported": [], "already_known": [worker["id"]], "not_found": []}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--region", "mars-1", "i-1"), ["'mars-1'", "us-east-1"]),
        (("--region", "us-east-1", "--account", "999999999999", "i-1"), ["999999999999", "111122223333"]),
        (("--region", "us-east-1"), ["instance_ids", "tags"]),
        (("--region", "us-east-1", "--tag", "x"), ["key=value"]),
        (("i-1",), ["--region"]),
    ],
)
def test_an_import_that_makes_no_sense_is_exit_2_and_says_what_does(
    own_fleet: Fleet, arguments: tuple[str, ...], told: list[str]
) -> None:
    done = own_fleet.cli("workers", "import", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    for words in told:
        assert words in done.stderr


def test_forgetting_without_a_terminal_needs_yes(own_fleet: Fleet) -> None:
    done = own_fleet.cli("workers", "forget", FIRST, stdin="y\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert FIRST in own_fleet.service.workers()


def test_forgetting_on_a_terminal_asks(own_fleet: Fleet) -> None:
    with own_fleet.terminal("workers", "forget", FOURTH) as terminal:
        terminal.shows(f"Forget {FOURTH} (")
        terminal.types("n")
        assert terminal.ended() == 1
    assert FOURTH in own_fleet.service.workers()
    with own_fleet.terminal("workers", "forget", FOURTH) as terminal:
        terminal.shows("[y/N]")
        terminal.types("yes")
        assert terminal.ended() == 0
    assert FOURTH not in own_fleet.service.workers()
    assert own_fleet.cli("workers", "get", FOURTH).returncode == 3


def _sign_in_of(fleet: Fleet, name: str) -> str | None:
    return fleet.json("workers", "refresh", name)["sources"]["cml"]["error_code"]


def test_credentials_are_read_from_standard_input_and_never_shown(own_fleet: Fleet) -> None:
    wrong = own_fleet.cli("workers", "set-credentials", FIRST, SECOND, stdin="not-the-password\n")
    assert (wrong.returncode, wrong.stdout) == (0, "")
    assert wrong.stderr.splitlines() == [f"{FIRST}: credentials set", f"{SECOND}: credentials set"]
    assert _sign_in_of(own_fleet, FIRST) == "unauthorized"
    assert own_fleet.cli("workers", "set-credentials", FIRST, stdin=f"{CML_PASSWORD}\n").returncode == 0
    assert _sign_in_of(own_fleet, FIRST) is None
    shown = json.dumps(own_fleet.json("workers", "get", FIRST)) + own_fleet.cli("events").stdout
    assert "not-the-password" not in shown
    assert CML_PASSWORD not in shown


def test_credentials_are_removed_after_asking(own_fleet: Fleet) -> None:
    refused = own_fleet.cli("workers", "set-credentials", SECOND, "--remove")
    assert refused.returncode == 2
    assert _sign_in_of(own_fleet, SECOND) == "unauthorized"
    removed = own_fleet.cli("workers", "set-credentials", SECOND, "--remove", "--yes")
    assert removed.returncode == 0
    assert _sign_in_of(own_fleet, SECOND) is None


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        ((), "x\n", "name workers"),
        (("--label", "nobody-has-this"), "x\n", "no worker has this label"),
        ((FIRST,), "", "no CML password"),
    ],
)
def test_credentials_for_nobody_or_without_a_password(
    own_fleet: Fleet, arguments: tuple[str, ...], stdin: str, told: str
) -> None:
    done = own_fleet.cli("workers", "set-credentials", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(own_fleet: Fleet) -> None:
    with own_fleet.terminal("workers", "set-credentials", FIRST) as terminal:
        terminal.shows("CML password of admin:")
        terminal.types(CML_PASSWORD)
        assert terminal.ended() == 0
    assert CML_PASSWORD not in terminal.raw


def test_a_changed_certificate_is_compared_and_accepted(own_fleet: Fleet) -> None:
    unchanged = own_fleet.cli("workers", "trust", SECOND)
    assert unchanged.returncode == 0
    assert "nothing to accept" in unchanged.stderr
    own_fleet.cloud.fault("certificate-changed", SECOND)
    try:
        changed: Any = own_fleet.json("workers", "refresh", SECOND)
        assert changed["sources"]["cml"]["error_code"] == "certificate_changed"
        refused = own_fleet.cli("workers", "trust", SECOND)
        assert refused.returncode == 2
        assert "--yes" in refused.stderr
        worker: Any = own_fleet.json("workers", "get", SECOND)
        certificate = own_fleet.service.http.get(f"/api/v1/workers/{worker['id']}/certificate").json()
        assert certificate["pinned"] != certificate["presented"]
        side_by_side = refused.stdout + refused.stderr
        assert [side_by_side.count(certificate[which]) for which in ("pinned", "presented")] == [1, 1]
        assert own_fleet.cli("workers", "trust", SECOND, "--fingerprint", "ab" * 32).returncode == 1
        assert own_fleet.cli("workers", "trust", SECOND, "--fingerprint", "ab").returncode == 2
        accepted = own_fleet.cli("workers", "trust", SECOND, "--yes")
        assert (accepted.returncode, accepted.stderr.splitlines()[-1]) == (0, "accepted")
        assert _sign_in_of(own_fleet, SECOND) is None
    finally:
        own_fleet.cloud.mend()
