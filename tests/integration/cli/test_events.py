"""What happened, and following what happens without a gap."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.cli.conftest import Fleet, running_fleet
from tests.support.product import ProductProcess, cli_environment, product, served

FIRST = "cml-worker-00001"


def test_the_newest_are_last_with_names_and_what_changed(fleet: Fleet) -> None:
    worker = fleet.worker(1)
    fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": "first"})
    fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": "second"})
    lines = fleet.cli("events", "--worker", worker["name"]).stdout.splitlines()
    assert lines[0].split() == ["WHEN", "WHAT", "WORKER", "BY", "DATA"]
    assert "CMLWorkerLabelsChanged" in lines[-1]
    assert worker["name"] in lines[-1]
    assert "bootstrap" in lines[-1]
    assert "first \N{RIGHTWARDS ARROW} second" in lines[-1]


def test_they_are_chosen(fleet: Fleet) -> None:
    worker = fleet.worker(2)
    adopted = fleet.json("events", "--worker", worker["name"], "--type", "CMLWorkerImportedDomainEvent")
    assert [event["type"] for event in adopted] == ["CMLWorkerImportedDomainEvent"]
    assert {event["actor"] for event in fleet.json("events", "--actor", "discovery", "--limit", "10")} == {
        "discovery"
    }
    many = fleet.json("events", "--limit", "12")
    assert len(many) == 12
    assert many == fleet.service.get("/api/v1/events", limit="12")["items"][::-1]


@contextmanager
def _following(fleet: Fleet, *options: str) -> Generator[ProductProcess]:
    environment = cli_environment(url=fleet.service.url, home=fleet.folder)
    with product("events", "--follow", *options, environment=environment, folder=fleet.folder) as running:
        yield running


@pytest.mark.parametrize("form", ["json", "table", "csv", "name", "yaml"])
def test_following_goes_on(fleet: Fleet, form: str) -> None:
    worker = fleet.worker(3)
    with _following(fleet, "--worker", worker["name"], "--limit", "1", "-o", form) as running:
        running.wait_for(lambda: running.out, what="the newest event")
        for text in ("one", "two"):
            fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": f"{form} {text}"})
        running.wait_for(
            lambda: f"{form} two" in running.text or (form == "name" and len(running.out) == 3), what="both"
        )
        lines = list(running.out)
    if form == "json":
        notes = [json.loads(line)["data"]["after"]["note"] for line in lines[1:]]
        assert notes == ["json one", "json two"]
    if form in ("table", "csv"):
        assert sum(line.startswith(("WHEN", "id,")) for line in lines) == 1


def test_nothing_is_lost_while_the_service_is_away(tmp_path: Path) -> None:
    with running_fleet(tmp_path, workers=1) as own:
        port = int(own.service.url.rpartition(":")[2])
        worker = own.worker(1)
        with _following(own, "--limit", "1", "-o", "json") as running:
            running.wait_for(lambda: running.out, what="the newest event")
            own.service.running.kill()
            running.says("waiting for it")
            with served(own.cloud.environment, tmp_path, port=port, refresh_interval="3600") as again:
                for number in range(120):
                    again.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": str(number)})
                running.says('"note": "119"')
            notes = [json.loads(line)["data"].get("after") for line in running.out]
    seen = [entry["note"] for entry in notes if isinstance(entry, dict) and entry.get("note") is not None]
    assert seen == [str(number) for number in range(120)]
