"""The answers have exactly the fields that the played version has."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from tests.support import cml_schemas
from tests.support.cml_reading import Caller
from tests.support.simulated_controller import simulated_controller

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.version import ControllerVersion

VERSIONS = ("2.4.1", "2.7.2+build.26", "2.8.0", "2.9.1+build.7", "2.10.0+build.5")


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> ControllerVersion:
    return ControllerVersion.parse(request.param)


@pytest.fixture
def caller(version: ControllerVersion) -> Caller:
    """A cluster with a lab that runs and one that starts."""
    clock = SimulationClock()
    controller = simulated_controller(version=version.text, clock=clock, computes=1)
    controller.add_lab("Running", node_count=4, started=True)
    starting = controller.add_lab("Starting", node_count=3)
    controller.start_lab(starting.id)
    clock.advance(1.5)
    return Caller(controller).sign_in()


def check(answer: Any, schema: cml_schemas.Schema) -> None:
    Draft202012Validator(schema).validate(answer)


def test_the_systems_answers(caller: Caller, version: ControllerVersion) -> None:
    minor = version.minor[1]
    check(caller.read("system_information"), cml_schemas.system_information(minor))
    check(caller.read("system_stats"), cml_schemas.system_stats(minor))
    check(caller.read("system_health"), cml_schemas.system_health(minor))
    check(caller.read("system/compute_hosts"), cml_schemas.compute_hosts(minor))
    check(caller.read("system/maintenance_mode"), cml_schemas.MAINTENANCE_MODE)
    check(caller.read("licensing"), cml_schemas.licensing())


def test_the_labs_answers(caller: Caller, version: ControllerVersion) -> None:
    minor = version.minor[1]
    ids = caller.read("labs?show_all=true")
    check(ids, cml_schemas.LAB_LIST)
    for lab_id in ids:
        check(caller.read(f"labs/{lab_id}"), cml_schemas.lab(minor))
        nodes = caller.read(f"labs/{lab_id}/nodes?data=true")
        assert nodes
        check(nodes, cml_schemas.array(cml_schemas.node(minor)))
        assert caller.read(f"labs/{lab_id}/topology")["lab"]["version"] == version.topology_schema


def test_routes_that_came_and_went(caller: Caller, version: ControllerVersion) -> None:
    (lab_id, _) = caller.read("labs")
    statuses = {
        route: caller.ask("GET", route).status
        for route in (
            "authentication",
            "diagnostics",
            "diagnostics/licensing",
            f"labs/{lab_id}/associations",
            f"labs/{lab_id}/groups",
            f"labs/{lab_id}/smart_annotations",
        )
    }
    minor = version.minor[1]
    assert list(statuses.values()) == [
        200 if minor >= 10 else 404,
        404 if minor >= 9 else 200,
        200 if minor >= 9 else 404,
        200 if minor >= 9 else 404,
        404 if minor >= 9 else 200,
        200 if minor >= 8 else 404,
    ]


def test_errors_have_one_shape(caller: Caller) -> None:
    anonymous = Caller(caller.controller)
    answers = {
        404: caller.ask("GET", "nowhere"),
        405: caller.ask("DELETE", "system_information"),
        401: anonymous.ask("GET", "labs"),
        403: anonymous.ask("POST", "authenticate", {"username": "admin", "password": "wrong"}),
        400: caller.ask("POST", "labs", {"title": ""}),
    }
    for status, answer in answers.items():
        assert answer.status == status
        error = orjson.loads(answer.body)
        check(error, cml_schemas.ERROR)
        assert list(error) == ["description", "code"]


@pytest.mark.parametrize("text", ["", "unknown", "2.10", "3.0.0", "2.3.0"])
def test_versions_that_cannot_be_played(text: str) -> None:
    with pytest.raises(ValueError, match=r"version|plays"):
        ControllerVersion.parse(text)
