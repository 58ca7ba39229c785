"""Each thing that goes wrong with a controller becomes its error code, in bounded time, and heals by itself."""

import asyncio
import time
from typing import NoReturn

import pytest
from structlog.testing import capture_logs
from tests.integration.cml.conftest import Scene
from tests.support.cml_reader import BY_PERSON, background_plan
from tests.support.simulated_controller import PASSWORD
from tests.support.waiting import until

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome
from cmlfleet.integration.services import controller_connection
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.controller import Controller
from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.fault_catalogue import FaultName

LIMIT_SECONDS = 2.0  # the scene's time limit for one reading
SLACK_SECONDS = 1.0

Faults = list[tuple[FaultName, dict[str, float], ErrorCode]]

WHOLE_SOURCE_FAULTS: Faults = [
    (FaultName.REFUSED, {}, ErrorCode.UNREACHABLE),
    (FaultName.CLOSED_EARLY, {}, ErrorCode.UNREACHABLE),
    (FaultName.HANGING, {}, ErrorCode.TIMEOUT),
    (FaultName.HALF_OPEN, {}, ErrorCode.TIMEOUT),
    (FaultName.SLOW, {"seconds": 30}, ErrorCode.TIMEOUT),
    (FaultName.SLOW_DRIP, {"seconds": 0.2}, ErrorCode.TIMEOUT),
    (FaultName.ENDLESS_BODY, {}, ErrorCode.BAD_RESPONSE),
    (FaultName.BAD_GATEWAY, {}, ErrorCode.NOT_READY),
    (FaultName.SERVICE_UNAVAILABLE, {}, ErrorCode.NOT_READY),
    (FaultName.GATEWAY_TIMEOUT, {}, ErrorCode.NOT_READY),
    (FaultName.HTML, {}, ErrorCode.BAD_RESPONSE),
    (FaultName.CUT_OFF_JSON, {}, ErrorCode.BAD_RESPONSE),
    (FaultName.HUGE_BODY, {"megabytes": 20}, ErrorCode.BAD_RESPONSE),
    (FaultName.REDIRECT, {}, ErrorCode.BAD_RESPONSE),
    (FaultName.INTERNAL_ERROR, {}, ErrorCode.BAD_RESPONSE),
    (FaultName.CERTIFICATE_CHANGED, {}, ErrorCode.CERTIFICATE_CHANGED),
]
NEW_CONNECTIONS_ONLY: Faults = [(FaultName.TLS_FAILURE, {}, ErrorCode.TLS)]


def each_of(faults: Faults) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "parameters", "code"), faults, ids=[name.value for name, _, _ in faults])


@each_of(WHOLE_SOURCE_FAULTS)
async def test_a_fault_of_a_warm_controller(
    scene: Scene, name: FaultName, parameters: dict[str, float], code: ErrorCode
):
    good = await scene.reader.read()
    sign_ins = scene.controller.calls.sign_ins
    scene.faults.set(name, parameters=parameters)

    started = time.monotonic()
    fact = await scene.reader.read_again(good)

    assert fact.outcome is Outcome.ERROR
    assert fact.error_code is code
    assert fact.detail
    assert time.monotonic() - started < LIMIT_SECONDS + SLACK_SECONDS

    scene.faults.clear()
    await scene.reader.read_until_good(background_plan(good))
    assert scene.controller.calls.sign_ins == sign_ins


@each_of(WHOLE_SOURCE_FAULTS + NEW_CONNECTIONS_ONLY)
async def test_a_fault_at_the_first_reading(
    scene: Scene, name: FaultName, parameters: dict[str, float], code: ErrorCode
):
    if name is FaultName.CERTIFICATE_CHANGED:
        scene.reader.pinned = scene.listener.certificate.sha256
    scene.faults.set(name, parameters=parameters)

    started = time.monotonic()
    fact = await scene.reader.read()

    assert fact.error_code is code
    assert time.monotonic() - started < LIMIT_SECONDS + SLACK_SECONDS
    assert {status.outcome for status in fact.parts.values()} == {Outcome.ERROR}

    scene.faults.clear()
    await scene.reader.read_until_good(BY_PERSON)


@pytest.mark.parametrize(
    ("route", "part", "is_fatal"),
    [
        ("/system_information", CMLPart.SYSTEM_INFORMATION, True),
        ("/system_stats", CMLPart.STATISTICS, True),
        ("/labs", CMLPart.LABS, True),
        ("/system_health", CMLPart.HEALTH, False),
        ("/maintenance_mode", CMLPart.HEALTH, False),
        ("/compute_hosts", CMLPart.HEALTH, False),
        ("/licensing", CMLPart.LICENCE, False),
    ],
)
async def test_one_failing_part_leaves_the_others_alone(scene: Scene, route: str, part: CMLPart, is_fatal: bool):
    scene.faults.set(FaultName.PART_FAILING, parameters={"route": route})

    fact = await scene.reader.read()

    failed = {name: status.error_code for name, status in fact.parts.items() if status.outcome is not Outcome.OK}
    assert failed == {part: ErrorCode.BAD_RESPONSE}
    assert fact.error_code is (ErrorCode.BAD_RESPONSE if is_fatal else None)
    assert all(status.read_at == fact.read_at for name, status in fact.parts.items() if name is not part)


async def test_health_stands_beside_a_failing_maintenance_mode(scene: Scene):
    scene.faults.set(FaultName.PART_FAILING, parameters={"route": "/maintenance_mode"})

    fact = await scene.reader.read()

    assert fact.health is not None
    assert fact.maintenance_mode is None


async def test_not_ready_is_a_good_reading(scene: Scene):
    scene.faults.set(FaultName.NOT_READY)

    fact = await scene.reader.read()

    assert fact.outcome is Outcome.OK
    assert fact.system_information is not None
    assert fact.system_information.ready is False


@pytest.mark.parametrize(
    "name", [FaultName.UNKNOWN_FIELDS, FaultName.MISSING_FIELDS], ids=["unknown fields", "missing fields"]
)
async def test_other_fields_than_documented_are_no_failure(scene: Scene, name: FaultName):
    scene.controller.add_lab("Lab", "admin", 2, started=True)
    scene.faults.set(name)

    fact = await scene.reader.read()

    assert fact.error_code is None
    assert all(status.outcome is Outcome.OK for status in fact.parts.values())
    assert fact.labs is not None
    assert [(lab.title, lab.state, lab.node_count, lab.nodes_running) for lab in fact.labs] == [
        ("Lab", "STARTED", 2, 2)
    ]


@pytest.mark.parametrize(
    "scene",
    [{"is_up": False, "boot": BootPhases(refused_seconds=0.4, bad_gateway_seconds=0.6, not_ready_seconds=0.6)}],
    indirect=True,
)
async def test_the_phases_of_a_boot(scene: Scene):
    seen = list[str]()
    scene.controller.power_on()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        fact = await scene.reader.read()
        information = fact.system_information
        phase = fact.error_code.value if fact.error_code else f"ready={information.ready if information else None}"
        if not seen or seen[-1] != phase:
            seen.append(phase)
        if phase == "ready=True":
            break

    assert seen == ["unreachable", "not_ready", "ready=False", "ready=True"]


async def test_a_reading_keeps_what_was_answered_before_a_limit_passed(scene: Scene):
    good = await scene.reader.read()
    scene.faults.set(FaultName.HANGING, times=1)

    fact = await scene.reader.read_again(good)

    assert fact.error_code is ErrorCode.TIMEOUT
    assert fact.parts[CMLPart.SYSTEM_INFORMATION].error_code is ErrorCode.TIMEOUT
    assert fact.parts[CMLPart.STATISTICS].outcome is Outcome.OK
    assert fact.statistics is not None
    assert fact.lab_ids is not None


async def test_a_fault_of_our_own_is_internal_and_shows_no_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    async def break_down(self: CMLApiClient, controller: Controller, credentials: CMLCredentials) -> NoReturn:
        del self, controller, credentials
        raise LookupError("a bug")

    monkeypatch.setattr(CMLApiClient, "sign_in", break_down)

    with capture_logs() as logged:
        fact = await scene.reader.read()

    assert fact.error_code is ErrorCode.INTERNAL
    assert fact.system_information is not None
    assert [line["log_level"] for line in logged] == ["error"]
    assert "a bug" in str(logged)
    assert PASSWORD not in str(logged)


async def test_waiting_for_ones_turn_to_shake_hands_is_no_time_out(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    """A thousand that are connected to at once would else time out for no fault of theirs."""
    monkeypatch.setattr(controller_connection, "CONNECT_LIMIT_SECONDS", 0.2)
    connector = scene.reader.source._client._transport._connector
    connector._handshakes = asyncio.Semaphore(0)

    reading = asyncio.ensure_future(scene.reader.read())
    waiting_since = time.monotonic()
    await until(lambda: time.monotonic() > waiting_since + 2 * controller_connection.CONNECT_LIMIT_SECONDS)
    connector._handshakes.release()

    assert (await reading).error_code is None
