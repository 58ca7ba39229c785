"""What the simulator answers fits Cisco's own response models."""

from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from tests.support import cisco_schemas
from tests.support.cml_reading import Caller
from tests.support.simulated_controller import simulated_controller

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.lab import Lab

pytestmark = pytest.mark.skipif(
    not cisco_schemas.ARE_THERE, reason="Cisco's models are not here: scripts/fetch_cisco_schemas.py brings them"
)

SYSTEM_ANSWERS = (
    ("system", "SystemInformation", "system_information"),
    ("system", "SystemStats", "system_stats"),
    ("system", "SystemHealth", "system_health"),
    ("system", "MaintenanceMode", "system/maintenance_mode"),
    ("system", "list[SystemNoticeResponse]", "system/notices"),
    ("system", "list[ExternalConnector]", "system/external_connectors"),
    ("licensing", "LicensingStatus", "licensing"),
    ("users", "list[UserResponse]", "users"),
    ("ui_helpers", "LabTilesResponse", "populate_lab_tiles"),
    ("telemetry", "list[TelemetryEventResponse]", "telemetry/events"),
    ("diagnostics", "ComputeDiagnosticsResponse", "diagnostics/computes"),
    ("diagnostics", "LabDiagnosticsResponse", "diagnostics/labs"),
    ("diagnostics", "LabEventDiagnosticsResponse", "diagnostics/lab_events"),
    ("diagnostics", "LicensingDiagnosticsResponse", "diagnostics/licensing"),
    ("diagnostics", "NodeDefinitionDiagnosticsResponse", "diagnostics/node_definitions"),
    ("diagnostics", "NodeLaunchQueueDiagnosticsResponse", "diagnostics/node_launch_queue"),
    ("diagnostics", "ServiceDiagnosticsResponse", "diagnostics/services"),
    ("diagnostics", "StartupSchedulerDiagnosticsResponse", "diagnostics/startup_scheduler"),
    ("diagnostics", "UserDiagnosticsResponse", "diagnostics/user_list"),
)
SYSTEM_ANSWERS_OF_2_10 = (
    ("system", "list[ComputeHostBase]", "system/compute_hosts"),
    ("telemetry", "OptInGetResponse", "telemetry"),
    ("diagnostics", "LicensingStatusDiagnosticsResponse", "diagnostics/licensing_status"),
    ("diagnostics", "DispatcherDiagnosticsResponse", "diagnostics/dispatcher"),
)
LAB_ANSWERS = (
    ("labs", "LabResponse", ""),
    ("labs", "LabInfoResponse", "/tile"),
    ("labs", "LabElementStateResponse", "/lab_element_state"),
    ("labs", "LabSimulationStatsResponse", "/simulation_stats"),
    ("labs", "list[LabEventResponse]", "/events"),
    ("labs", "LabAssociations", "/associations"),
    ("topologies", "TopologyResponse", "/topology?exclude_configurations=false"),
    ("topologies", "TopologyResponse", "/topology"),
    ("interfaces", "list[InterfaceResponse]", "/interfaces"),
    ("links", "list[LinkResponse]", "/links?data=true"),
    ("network_addresses", "LabNetworkAddressesResponse", "/layer3_addresses"),
)
LAB_ANSWERS_OF_2_10 = (("nodes", "list[NodeResponse]", "/nodes?data=true&operational=true"),)

NEWEST = "2.10.0+build.5"


@dataclass(frozen=True, kw_only=True)
class Scene:
    caller: Caller
    labs: tuple[Lab, ...]
    is_newest: bool


@pytest.fixture(params=["2.9.1+build.7", NEWEST])
def scene(request: pytest.FixtureRequest) -> Scene:
    """A cluster with a lab that runs, one whose nodes are being launched, one that never ran."""
    clock = SimulationClock()
    controller = simulated_controller(version=request.param, clock=clock, computes=1)
    controller.add_user("student-1")
    running = controller.add_lab("Running", "student-1", 8, started=True)
    starting = controller.add_lab("Starting", "admin", 6)
    idle = controller.add_lab("Idle", "admin", 3)
    controller.start_lab(starting.id)
    clock.advance(1.5)
    caller = Caller(controller).sign_in()
    notice = {"level": "WARNING", "label": "Soon", "content": "Down at noon"}
    caller.read("system/notices", method="POST", body=notice)
    return Scene(caller=caller, labs=(running, starting, idle), is_newest=request.param == NEWEST)


def test_the_systems_answers(scene: Scene) -> None:
    for module, model, route in SYSTEM_ANSWERS + (SYSTEM_ANSWERS_OF_2_10 if scene.is_newest else ()):
        check(module, model, scene.caller.read(route))


def test_the_labs_answers(scene: Scene) -> None:
    for lab in scene.labs:
        for module, model, route in LAB_ANSWERS + (LAB_ANSWERS_OF_2_10 if scene.is_newest else ()):
            check(module, model, scene.caller.read(f"labs/{lab.id}{route}"))


def test_the_export(scene: Scene) -> None:
    for lab in scene.labs:
        text = scene.caller.ask("GET", f"labs/{lab.id}/download").body
        check("topologies", "Topology", yaml.safe_load(text))
        made = scene.caller.read("import", method="POST", body=text)
        check("topologies", "ImportTopologyResponse", made)


def test_the_models_do_refuse(scene: Scene) -> None:
    """So that a stand-in which accepts anything would be noticed."""
    information = scene.caller.read("system_information")
    with pytest.raises(ValueError, match="extra_forbidden"):
        check("system", "SystemInformation", {**information, "uptime": 5})


def check(module: str, model: str, answer: Any) -> None:
    cisco_schemas.fits(module, model, answer)
