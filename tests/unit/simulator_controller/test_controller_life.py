"""What happens on a controller as its clock moves."""

import math
import random

import orjson
import pytest
from tests.support.cml_reading import Caller
from tests.support.simulated_controller import GIBIBYTE, simulated_controller

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.boot import BootPhase, BootPhases
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.controller.node_catalogue import NODE_DEFINITIONS
from cmlfleet.simulator.faults import FaultBoard

MIDDLE_OF_A_MEASUREMENT = 1.5  # seconds: so that a reading and the next are of the same measurement


@pytest.fixture
def clock() -> SimulationClock:
    clock = SimulationClock()
    clock.advance(MIDDLE_OF_A_MEASUREMENT)
    return clock


@pytest.fixture
def controller(clock: SimulationClock) -> CMLController:
    return simulated_controller(clock=clock)


def states_of(caller: Caller, lab_id: str) -> set[str]:
    return set(caller.read(f"labs/{lab_id}/lab_element_state")["nodes"].values())


@pytest.mark.parametrize(
    ("version", "between"), [("2.9.1", {"QUEUED", "STARTED"}), ("2.10.0", {"QUEUED", "STARTING", "STARTED"})]
)
def test_nodes_start_through_every_state(clock: SimulationClock, version: str, between: set[str]) -> None:
    controller = simulated_controller(clock=clock, version=version)
    caller = Caller(controller).sign_in()
    lab = controller.add_lab("A lab", node_count=2)
    caller.ask("PUT", f"labs/{lab.id}/start")
    seen: set[str] = set()
    while not caller.read(f"labs/{lab.id}/check_if_converged"):
        seen |= states_of(caller, lab.id)
        clock.advance(0.1)
    assert seen - {"BOOTED"} == between
    assert states_of(caller, lab.id) == {"BOOTED"}
    assert caller.read(f"labs/{lab.id}")["state"] == "STARTED"


@pytest.mark.parametrize("definition", NODE_DEFINITIONS)
def test_a_lab_of_two_nodes_starts_and_stops_within_twenty_seconds(clock: SimulationClock, definition: str) -> None:
    controller = simulated_controller(clock=clock, version="2.10.0")
    caller = Caller(controller).sign_in()
    lab_id = caller.read("labs", method="POST", body={"title": "Two"})["id"]
    for label in ("a", "b"):
        node = {"label": label, "node_definition": definition, "x": 0, "y": 0}
        caller.read(f"labs/{lab_id}/nodes?populate_interfaces=true", method="POST", body=node)
    for action, state in (("start", "BOOTED"), ("stop", "STOPPED")):
        caller.ask("PUT", f"labs/{lab_id}/{action}")
        clock.advance(20)
        assert caller.read(f"labs/{lab_id}/check_if_converged")
        assert states_of(caller, lab_id) == {state}


def test_a_lab_stopped_while_it_boots_stays_down(clock: SimulationClock, controller: CMLController) -> None:
    lab = controller.add_lab("A lab", node_count=2)
    controller.start_lab(lab.id)
    clock.advance(0.2)
    controller.stop_lab(lab.id)
    clock.advance(60)
    controller.settle()
    assert {node.state for node in lab.nodes.values()} == {"STOPPED"}


def test_a_stopped_lab_needs_wiping_before_it_can_go(clock: SimulationClock, controller: CMLController) -> None:
    caller = Caller(controller).sign_in()
    lab = controller.add_lab("A lab", node_count=2, started=True)
    assert caller.ask("DELETE", f"labs/{lab.id}").status == 400
    assert caller.ask("PUT", f"labs/{lab.id}/wipe").status == 400
    assert caller.ask("PUT", f"labs/{lab.id}/stop").status == 204
    assert states_of(caller, lab.id) == {"BOOTED"}, "stopping takes a moment"
    clock.advance(20)
    assert caller.read(f"labs/{lab.id}")["state"] == "STOPPED"
    assert caller.ask("DELETE", f"labs/{lab.id}").status == 400
    assert caller.ask("PUT", f"labs/{lab.id}/wipe").status == 204
    assert caller.ask("DELETE", f"labs/{lab.id}").status == 204
    gone = caller.ask("GET", f"labs/{lab.id}")
    assert orjson.loads(gone.body) == {"description": f"Lab not found: {lab.id}", "code": 404}


def test_load_follows_the_labs(clock: SimulationClock, controller: CMLController) -> None:
    idle_cpu, idle_memory = controller.cpu_percent(), controller.memory_percent()
    lab = controller.add_lab("A lab", node_count=40, started=True)
    assert controller.cpu_percent() > idle_cpu + 3
    assert controller.memory_percent() > idle_memory + 5
    dominfo = stats_of(controller)["dominfo"]
    assert dominfo["running_nodes"] == 40
    assert 1 * GIBIBYTE < dominfo["allocated_memory"] * 1024 < 192 * GIBIBYTE, "KiB"
    controller.stop_lab(lab.id)
    clock.advance(60)
    assert stats_of(controller)["dominfo"]["running_nodes"] == 0
    assert controller.cpu_percent() < idle_cpu * 1.6
    controller.power_off()
    assert (controller.cpu_percent(), controller.memory_percent()) == (0, 0)


def stats_of(controller: CMLController) -> dict[str, dict[str, int]]:
    stats = Caller(controller).sign_in().read("system_stats")
    return stats["computes"][controller.hosts[0].id]["stats"]


def test_memory_that_is_used_and_free_is_not_all_there_is(controller: CMLController) -> None:
    memory = stats_of(controller)["memory"]
    assert memory["used"] + memory["free"] < memory["total"]


def test_power_off_stops_what_ran(clock: SimulationClock, controller: CMLController) -> None:
    planned = controller.add_lab("Planned", node_count=2, started=True)
    looked_into = controller.add_lab("Looked into", node_count=2, started=True)
    assert looked_into.nodes
    controller.power_off()
    clock.advance(60)
    controller.power_on(already_up=True)
    assert {planned.state, looked_into.state} == {"STOPPED"}


def test_a_lab_that_last_ran_hours_ago_shows_it(controller: CMLController) -> None:
    lab = controller.add_lab("Left", node_count=3, started=False, hours_ago=9)
    assert lab.state == "STOPPED"
    assert (controller.clock.now() - lab.modified_at).total_seconds() == pytest.approx(9 * 3600, abs=5)
    assert controller.add_lab("New", node_count=3).state == "DEFINED_ON_CORE"


def test_a_phase_can_last_for_ever(clock: SimulationClock) -> None:
    boot = BootPhases(refused_seconds=5, bad_gateway_seconds=math.inf)
    controller = simulated_controller(clock=clock, is_up=False, boot=boot)
    assert controller.phase() is BootPhase.OFF
    controller.power_on()
    clock.advance(47 * 60)
    assert controller.phase() is BootPhase.BAD_GATEWAY


def test_only_the_first_boot_ends_in_a_reboot(clock: SimulationClock) -> None:
    boot = BootPhases(refused_seconds=1, bad_gateway_seconds=1, not_ready_seconds=1, reboots_once=True)
    controller = simulated_controller(clock=clock, is_up=False, boot=boot)
    controller.power_on()
    assert phases_seen(clock, controller) == ["refused", "bad_gateway", "not_ready", "ready"] * 2
    controller.power_off()
    controller.power_on()
    assert phases_seen(clock, controller) == ["refused", "bad_gateway", "not_ready", "ready"]


def phases_seen(clock: SimulationClock, controller: CMLController) -> list[str]:
    seen: list[str] = []
    for _ in range(120):
        if not seen or seen[-1] != controller.phase():
            seen.append(controller.phase())
        clock.advance(0.5)
    return seen


def test_the_licence_limits_how_many_nodes_may_start(controller: CMLController) -> None:
    caller = Caller(controller).sign_in()
    controller.add_lab("Full", node_count=20, started=True)
    one_more = controller.add_lab("One more", node_count=1)
    assert caller.read("diagnostics/licensing")["quota"] == 20
    refused = caller.ask("PUT", f"labs/{one_more.id}/start")
    assert refused.status == 403
    controller.set_node_quota(21)
    assert caller.ask("PUT", f"labs/{one_more.id}/start").status == 204


def test_a_lost_compute_takes_its_nodes_along(clock: SimulationClock) -> None:
    controller = simulated_controller(clock=clock, computes=2)
    lab = controller.add_lab("Spread", node_count=20, started=True)
    lost = controller.lose_compute()
    there = {node.compute_id for node in lab.nodes.values() if node.state != "DISCONNECTED"}
    assert {node.compute_id for node in lab.nodes.values()} == {host.id for host in controller.hosts[1:]}
    assert lost.id not in there
    caller = Caller(controller).sign_in()
    assert lost.id not in caller.read("system_stats")["computes"]
    assert caller.read("system_health")["valid"] is False
    controller.regain_compute(lost.hostname)
    assert {node.state for node in lab.nodes.values()} == {"BOOTED"}


def test_tokens_die_of_age_and_of_signing_out_everywhere(clock: SimulationClock, controller: CMLController) -> None:
    caller = Caller(controller).sign_in()
    other = Caller(controller).sign_in()
    caller.read("logout?clear_all_sessions=true", method="DELETE")
    assert other.ask("GET", "labs").status == 401
    caller.sign_in()
    clock.advance(86_401)
    assert caller.ask("GET", "labs").status == 401
    assert caller.ask("GET", "system_information").status == 200


def test_maintenance_keeps_everybody_but_administrators_out(controller: CMLController) -> None:
    controller.add_user("student-1")
    controller.users.by_name("student-1").password = "a-students-password"
    controller.set_maintenance(is_on=True)
    student = {"username": "student-1", "password": "a-students-password"}
    assert Caller(controller).ask("POST", "authenticate", student).status == 403
    controller.set_maintenance(is_on=False)
    assert Caller(controller).ask("POST", "authenticate", student).status == 200
    assert Caller(controller).sign_in().token


def test_others_see_their_own_labs_alone(controller: CMLController) -> None:
    controller.add_user("student-1")
    controller.users.by_name("student-1").password = "a-students-password"
    own = controller.add_lab("Own", "student-1", 1)
    foreign = controller.add_lab("Foreign", "admin", 1)
    student = Caller(controller, username="student-1", password="a-students-password").sign_in()
    assert student.read("labs?show_all=true") == [own.id]
    assert student.ask("GET", f"labs/{foreign.id}").status == 404
    assert student.ask("GET", "licensing").status == 403


def test_findings_on_a_body_are_json_inside_a_string_since_2_9(clock: SimulationClock) -> None:
    for version in ("2.8.0", "2.9.1"):
        caller = Caller(simulated_controller(clock=clock, version=version)).sign_in()
        description = orjson.loads(caller.ask("POST", "labs", {"title": ""}).body)["description"]
        if version == "2.9.1":
            (finding,) = orjson.loads(description)["Input validation failed"]
            assert (finding["location"], finding["type"]) == (["body", "title"], "string_too_short")
        else:
            assert description.startswith("Input validation failed: body.title")


def test_the_same_seed_gives_the_same_controller() -> None:
    first, second, other = (simulated_controller(seed=seed).add_lab("A lab", node_count=5) for seed in (1, 1, 2))
    assert list(first.nodes) == list(second.nodes) != list(other.nodes)


def test_an_answer_is_rendered_anew_when_something_changed(controller: CMLController) -> None:
    caller = Caller(controller).sign_in()
    lab = controller.add_lab("Before", node_count=1)
    assert caller.ask("GET", f"labs/{lab.id}") is caller.ask("GET", f"labs/{lab.id}")
    caller.ask("PATCH", f"labs/{lab.id}", {"title": "After"})
    assert caller.read(f"labs/{lab.id}")["lab_title"] == "After"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"a": {"b": [1]}}'])
def test_no_body_makes_the_api_process_fail(controller: CMLController, body: bytes) -> None:
    caller = Caller(controller).sign_in()
    lab = controller.add_lab("A lab", node_count=2)
    node_id = next(iter(lab.nodes))
    for method, route in (
        ("POST", "authenticate"),
        ("POST", "labs"),
        ("PATCH", f"labs/{lab.id}"),
        ("POST", f"labs/{lab.id}/nodes"),
        ("PATCH", f"labs/{lab.id}/nodes/{node_id}"),
        ("POST", f"labs/{lab.id}/links"),
        ("POST", f"labs/{lab.id}/interfaces"),
        ("POST", "import"),
        ("POST", "users"),
        ("POST", "groups"),
        ("POST", "system/notices"),
        ("PATCH", "system/maintenance_mode"),
        ("POST", "licensing/registration"),
        ("PUT", "licensing/transport"),
        ("PUT", "licensing/product_license"),
        ("PATCH", "licensing/features"),
    ):
        assert caller.ask(method, route, body).status < 500, (method, route)


WRONG_VALUES = (None, 5, -1, True, "x", "", [], {}, [5], {"a": 5}, ["x", None], 1e9, {"version": [1]})


@pytest.mark.parametrize("seed", range(3))
def test_no_value_of_the_wrong_kind_makes_it_fail_then_or_later(
    clock: SimulationClock, controller: CMLController, seed: int
) -> None:
    dice = random.Random(seed)
    caller = Caller(controller).sign_in()
    lab = controller.add_lab("A lab", node_count=2)
    node_id, link_id = next(iter(lab.nodes)), next(iter(lab.links))
    writes = {
        ("PATCH", f"labs/{lab.id}"): ("title", "owner", "associations", "notes"),
        ("PATCH", f"labs/{lab.id}/associations"): ("groups", "users"),
        ("PATCH", f"labs/{lab.id}/nodes/{node_id}"): ("label", "x", "tags", "parameters", "configuration"),
        ("PATCH", f"labs/{lab.id}/links/{link_id}/condition"): ("latency",),
        ("POST", "import"): ("lab", "nodes", "links", "annotations"),
        ("POST", "users"): ("username", "password", "groups", "fullname"),
        ("PATCH", "system/maintenance_mode"): ("maintenance_mode", "notice"),
        ("PUT", "licensing/transport"): ("ssms", "proxy"),
        ("PATCH", "licensing/features"): ("id", "count"),
    }
    reads = ("populate_lab_tiles", "users", "licensing", "system/maintenance_mode", f"labs/{lab.id}/topology")
    for _ in range(300):
        (method, route), keys = dice.choice(list(writes.items()))
        body = {key: dice.choice(WRONG_VALUES) for key in keys if dice.random() < 0.7}
        assert caller.ask(method, route, body).status < 500, (method, route, body)
        for read in reads:
            assert caller.ask("GET", read).status == 200, (read, "after", method, route, body)


def test_a_taken_name_is_422(controller: CMLController) -> None:
    controller.add_user("student-1")
    with pytest.raises(ApiError) as refused:
        controller.add_user("student-1")
    assert refused.value.status == 422


def test_a_fault_of_one_controller_is_not_anothers() -> None:
    board = FaultBoard()
    first = simulated_controller(faults=board, name="w1")
    second = simulated_controller(faults=board, name="w2")
    board.set("not-ready", worker="w1")
    assert (first.is_ready, second.is_ready) == (False, True)
