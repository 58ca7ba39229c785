"""Readings of a controller that is well."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from tests.integration.cml.conftest import GOOD, Scene
from tests.support.cml_reader import LOOPBACK, background_plan, cml_reader
from tests.support.waiting import until

from cmlfleet.domain.facts import CMLFact
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.certificate_trust import TLSContexts, TLSMode
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession
from cmlfleet.integration.services.controller import Controller
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.fault_catalogue import FaultName

VERSIONS = ["2.4.1+build.3", "2.7.2+build.26", "2.9.1+build.7", "2.10.0+build.5"]


def add_labs(scene: Scene) -> None:
    scene.controller.add_user("student")
    scene.controller.add_lab("Mine", "admin", 3, started=True)
    scene.controller.add_lab("Theirs", "student", 2)


def assert_every_part_is_ok(fact: CMLFact) -> None:
    assert {part: status.outcome for part, status in fact.parts.items()} == dict.fromkeys(CMLPart, Outcome.OK)
    assert fact.outcome is Outcome.OK


@pytest.mark.parametrize("scene", [{"version": version} for version in VERSIONS], indirect=True)
async def test_everything_is_read_of_every_version(scene: Scene):
    add_labs(scene)

    fact = await scene.reader.read()

    assert_every_part_is_ok(fact)
    assert fact.system_information is not None
    assert fact.system_information.version == scene.controller.version.text
    assert fact.system_information.ready
    assert fact.is_admin
    assert fact.labs is not None
    assert {(lab.title, lab.owner, lab.state, lab.node_count, lab.nodes_running) for lab in fact.labs} == {
        ("Mine", "admin", "STARTED", 3, 3),
        ("Theirs", "student", "DEFINED_ON_CORE", 2, 0),
    }
    assert fact.statistics is not None
    assert fact.statistics.running_nodes == 3
    assert fact.maintenance_mode is False
    assert fact.license is not None
    assert fact.license.authorization_status == "IN_COMPLIANCE"
    assert fact.license.nodes_limit is not None


def calls_since(scene: Scene, before: Counter[tuple[str, str, int]]) -> dict[str, int]:
    """How often each route was asked since then."""
    counts = Counter[str]()
    for (_, template, _), times in (Counter(scene.controller.calls) - before).items():
        counts[template.removeprefix("/api/v0/")] += times
    return dict(counts)


async def test_a_quiet_minute_is_three_calls_over_one_connection(scene: Scene):
    for number in range(50):
        scene.controller.add_lab(f"Lab {number}", "admin", 3, started=number < 10)
    good = await scene.reader.read()
    before = Counter(scene.controller.calls)
    connections = scene.listener.connections_accepted

    for _ in range(3):
        fact = await scene.reader.read_again(good)
        assert fact.parts.keys() == {CMLPart.SYSTEM_INFORMATION, CMLPart.STATISTICS, CMLPart.LABS}
        assert fact.labs is None
        assert fact.lab_ids == good.lab_ids

    assert calls_since(scene, before) == {"system_information": 3, "system_stats": 3, "labs": 3}
    assert scene.listener.connections_accepted == connections == 1


async def test_everything_of_fifty_labs_is_ten_calls(scene: Scene):
    for number in range(50):
        scene.controller.add_lab(f"Lab {number}", "admin", 3, started=number < 10)

    fact = await scene.reader.read()

    assert fact.labs is not None
    assert len(fact.labs) == 50
    assert scene.controller.calls.total() == 10


async def test_lab_details_are_read_at_once_when_a_lab_appears_or_starts(scene: Scene):
    lab = scene.controller.add_lab("First", "admin", 2)
    good = await scene.reader.read()

    scene.controller.add_lab("Second", "admin", 2)
    fact = await scene.reader.read_again(good)
    assert fact.labs is not None
    assert {one.title for one in fact.labs} == {"First", "Second"}
    assert (await scene.reader.read_again(fact)).labs is None

    scene.controller.start_lab(lab.id)
    started = list[CMLFact]()

    async def shows_running_nodes() -> bool:
        started.append(await scene.reader.read_again(fact))
        return started[-1].labs is not None

    scene.clock.advance(60)
    await until(shows_running_nodes)
    assert started[-1].labs is not None
    assert [one.nodes_running for one in started[-1].labs if one.title == "First"] == [2]


async def test_the_licence_is_read_at_once_when_is_licensed_changes(scene: Scene):
    good = await scene.reader.read()
    assert good.health is not None
    assert good.health.is_licensed
    scene.faults.set(FaultName.UNLICENSED)
    plan = replace(background_plan(good), health=True)

    fact = await scene.reader.read(plan)

    assert fact.license is not None
    assert fact.license.registration_status == "NOT_REGISTERED"
    unchanged = await scene.reader.read(replace(plan, known_is_licensed=False))
    assert unchanged.license is None
    assert CMLPart.LICENCE not in unchanged.parts


async def test_the_labs_of_all_users_are_read(scene: Scene):
    for number in range(5):
        scene.controller.add_user(f"student{number}")
        scene.controller.add_lab("Homework", f"student{number}", 2)

    fact = await scene.reader.read()

    assert fact.labs is not None
    assert {lab.owner for lab in fact.labs} == {f"student{number}" for number in range(5)}


@pytest.mark.parametrize("scene", [{"computes": 2}], indirect=True)
async def test_a_cluster_names_its_computes_and_a_lost_one(scene: Scene):
    lost = scene.controller.lose_compute()

    fact = await scene.reader.read()

    assert fact.health is not None
    assert len(fact.health.compute_hosts) == 3
    assert [host.is_controller for host in fact.health.compute_hosts].count(True) == 1
    assert {host.hostname: host.is_connected for host in fact.health.compute_hosts}[lost.hostname] is False


async def test_a_name_that_leads_to_another_address_later_is_followed(scene: Scene):
    """An instance that was stopped and started comes back with another address and the same certificate."""
    moved = ControllerListener(scene.controller, "127.8.0.77", scene.listener.port)
    answers = [scene.listener.host]

    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        return answers

    policy = AddressPolicy(allowed_networks=LOOPBACK, resolve=resolve)
    endpoint = f"https://controller.example.com:{scene.listener.port}"
    async with cml_reader(endpoint, credentials=GOOD, policy=policy) as reader:
        assert (await reader.read()).error_code is None
        await scene.listener.close()
        await moved.open()
        try:
            answers[0] = moved.host
            assert (await reader.read()).error_code is ErrorCode.UNREACHABLE
            assert (await reader.read()).error_code is None
        finally:
            await moved.close()
            await scene.listener.open()
    assert scene.controller.calls.sign_ins == 1


async def test_a_lab_is_downloaded_as_a_file(scene: Scene):
    lab = scene.controller.add_lab("Lab", "admin", 2)
    async with CMLApiClient(keepalive_seconds=5.0) as client:
        controller = Controller(tls_mode=TLSMode.PIN, contexts=TLSContexts(), clock=scene.reader.clock)
        await controller.locate(scene.reader.target(), policy=AddressPolicy(allowed_networks=LOOPBACK))
        session = CMLSession(client=client, controller=controller, credentials=GOOD, forced=True)

        text = await session.call(partial(client.lab_topology, lab_id=LabId(lab.id)))
        with pytest.raises(CMLCallError) as raised:
            await session.call(partial(client.lab_topology, lab_id=LabId("unknown")))

    assert "title: Lab" in text
    assert raised.value.code is ErrorCode.NOT_FOUND
