"""Everything at once: AWS throttles, a region is dead, an account's credentials have expired, some controllers hang.
Whoever is well is refreshed as before, and what is wrong is told wherever one looks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.product import RunningService, SimulatedCloud, run_cli, served, simulated_cloud

PATIENT_SECONDS = 120.0
WORKERS = 40
HANGING = 2  # a twentieth
REFRESHES = 5  # of everyone who is well, while it lasts
THROTTLED_SHARE = 0.3
RECOVERED_SECONDS = 120.0  # promised from the last throttle answer on
Unfair = tuple[SimulatedCloud, RunningService, Path]


@pytest.fixture(scope="module")
def unfair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unfair]:
    """Four regions in each of two accounts, each worker refreshed every two seconds, and the faults on."""
    folder = tmp_path_factory.mktemp("unfair")
    with simulated_cloud(folder, "--scenario", "multi", "--workers", str(WORKERS)) as cloud:
        cloud.running.says("in cmlfleet.toml")
        (folder / "cmlfleet.toml").write_text("".join(cloud.running.err).partition("\n\n")[2])
        with served(cloud.environment, folder, refresh_interval="2", cml_timeout="1") as service:
            service.until(
                lambda: [each["health"] for each in service.workers().values()] == ["ready"] * WORKERS,
                what="every worker to be ready",
                timeout_seconds=PATIENT_SECONDS,
            )
            yield cloud, service, folder


def test_whoever_is_well_is_refreshed_as_before_and_all_else_is_told_everywhere(unfair: Unfair) -> None:
    cloud, service, folder = unfair
    workers = service.workers()
    scopes = sorted({(each["account_id"], each["region"]) for each in workers.values()})
    expired = scopes[-1][0]
    dead = scopes[0]
    assert dead[0] != expired
    well_placed = [name for name, each in workers.items() if each["account_id"] != expired and _scope(each) != dead]
    hanging, well = well_placed[:HANGING], well_placed[HANGING:]

    _fault(cloud, "throttling", rate=THROTTLED_SHARE)
    _fault(cloud, "dead-region", account=dead[0], region=dead[1])
    _fault(cloud, "expired-credentials", account=expired)
    for name in hanging:
        cloud.fault("hanging", name)

    service.until(
        lambda: all(_is_told(each, expired=expired, dead=dead, hanging=hanging) for each in _all(service)),
        what="each fault to be told on the workers it strikes",
        timeout_seconds=PATIENT_SECONDS,
    )
    for _ in range(REFRESHES):
        before = service.workers()
        service.until(
            lambda before=before: all(_is_fresher(service, before, name) for name in well),
            what="everyone who is well to be read again from EC2 and CML",
            timeout_seconds=PATIENT_SECONDS,
        )
    assert {service.worker(name)["health"] for name in well} == {"ready"}
    assert service.http.get("/readyz").json()["parts"]["aws_throttled"]
    assert 'outcome="throttled"' in service.http.get("/metrics").text
    assert min(_budgets(service)) < 1.0
    service.until(
        lambda: _doctor(cloud, service, folder) >= {"AWS throttling", "EC2 readings", "CML readings"},
        what="the doctor's own dozen calls to meet a throttle, as a third of them do",
        timeout_seconds=PATIENT_SECONDS,
    )

    cloud.mend()
    service.until(
        lambda: (
            [each["health"] for each in _all(service)] == ["ready"] * WORKERS
            and all(source["outcome"] != "error" for each in _all(service) for source in each["sources"].values())
        ),
        what="everything to be well again",
        timeout_seconds=PATIENT_SECONDS,
    )
    service.until(
        lambda: (
            "aws_throttled" not in service.http.get("/readyz").json()["parts"] and set(_budgets(service)) == {1.0}
        ),
        what="every operation to have its full rate again",
        timeout_seconds=RECOVERED_SECONDS,
    )
    assert not _doctor(cloud, service, folder) & {"AWS throttling", "EC2 readings", "CML readings"}


def _all(service: RunningService) -> list[dict[str, Any]]:
    return list(service.workers().values())


def _scope(worker: dict[str, Any]) -> tuple[str, str]:
    return worker["account_id"], worker["region"]


def _is_told(worker: dict[str, Any], *, expired: str, dead: tuple[str, str], hanging: list[str]) -> bool:
    ec2, cml = worker["sources"]["ec2"], worker["sources"]["cml"]
    if worker["account_id"] == expired or _scope(worker) == dead:
        return ec2["outcome"] == "error" and cml["outcome"] == "ok"
    return worker["name"] not in hanging or cml["error_code"] == "timeout"


def _is_fresher(service: RunningService, before: dict[str, dict[str, Any]], name: str) -> bool:
    now, was = service.worker(name)["sources"], before[name]["sources"]
    return all(now[source]["read_at"] > was[source]["read_at"] for source in ("ec2", "cml"))


def _fault(cloud: SimulatedCloud, name: str, **scope: Any) -> None:
    cloud.control.call("POST", "/faults", {"name": name, **scope})


def _budgets(service: RunningService) -> list[float]:
    """How much of its full size each has."""
    return [
        float(each)
        for each in re.findall(r"^cmlfleet_aws_budget{.*} (.+)$", service.http.get("/metrics").text, re.MULTILINE)
    ]


def _doctor(cloud: SimulatedCloud, service: RunningService, folder: Path) -> set[str]:
    variables = {**cloud.environment, "CMLFLEET_DATA_DIR": str(folder / "data")}
    config = str(folder / "cmlfleet.toml")
    done = run_cli("doctor", "--config", config, "-o", "json", url=service.url, token=None, home=folder, **variables)
    return {finding["check"] for finding in json.loads(done.stdout)}
