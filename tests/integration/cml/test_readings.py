"""Readings of a controller that is well."""

import pytest

from cmlfleet.domain.facts import CMLFact
from cmlfleet.domain.sources import CMLPart, Outcome
from tests.integration.cml.conftest import Scene

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
