"""Everything people do with Cisco's virl2-client, done with it."""

from typing import Any

import pytest
import yaml
from tests.integration.simulator_controller.conftest import connect
from tests.support.simulated_controller import PASSWORD, RunningController, running_controller
from tests.support.waiting import wait_until
from virl2_client import ClientLibrary, InitializationError
from virl2_client.exceptions import LabNotFound
from virl2_client.virl2_client import DiagnosticsCategory

POLLS = 200
POLL_SECONDS = 0.05


def two_node_lab(client: ClientLibrary, title: str = "A pair"):
    lab = client.create_lab(title, description="two routers", notes="*notes*")
    lab.wait_time, lab.wait_max_iterations = POLL_SECONDS, POLLS
    r1 = lab.create_node("r1", "iosv", 0, 0, populate_interfaces=True, configuration="hostname r1")
    r2 = lab.create_node("r2", "iosv", 200, 0)
    link = lab.create_link(lab.create_interface(r1, 5), lab.create_interface(r2))
    return lab, r1, r2, link


class TestConnecting:
    def test_with_the_right_password(self, running: RunningController, client: ClientLibrary) -> None:
        assert client.is_system_ready(sleep=0)
        assert client.system_info()["version"] == running.controller.version.text
        assert running.controller.calls.sign_ins == 1

    def test_with_the_wrong_password(self, running: RunningController) -> None:
        with pytest.raises(InitializationError, match="Unable to authenticate"):
            connect(running, password="not-the-password")

    def test_a_dead_token_costs_one_more_sign_in(self, running: RunningController, client: ClientLibrary) -> None:
        running.faults.set("token-expired", worker="worker-1", times=1)
        assert client.get_system_stats()["computes"]
        assert running.controller.calls.sign_ins == 2

    def test_a_controller_that_is_booting_is_not_ready(self) -> None:
        with running_controller() as running:
            client = connect(running)
            running.faults.set("not-ready", worker="worker-1")
            assert not client.is_system_ready(sleep=0)
            running.faults.set("bad-gateway", worker="worker-1")
            assert not client.is_system_ready(sleep=0)

    def test_signing_out_kills_the_token(self, running: RunningController, client: ClientLibrary) -> None:
        client.logout()
        assert len(running.controller.tokens) == 0


class TestLabs:
    def test_all_labs_of_all_users(self, running: RunningController, client: ClientLibrary) -> None:
        def populate() -> None:
            running.controller.add_user("student-1", fullname="A Student")
            running.controller.add_lab("Of the admin", "admin", 2)
            running.controller.add_lab("Of a student", "student-1", 5, started=True)

        running.do(populate)
        assert len(client.get_lab_list()) == 1
        labs = {lab.title: lab for lab in client.all_labs(show_all=True)}
        assert set(labs) == {"Of the admin", "Of a student"}
        student_lab = labs["Of a student"]
        assert student_lab.owner == "student-1"
        assert len(student_lab.nodes()) == 5
        assert student_lab.state() == "STARTED"
        assert {node.state for node in student_lab.nodes()} == {"BOOTED"}
        assert [lab.title for lab in client.find_labs_by_title("Of the admin")] == ["Of the admin"]

    def test_a_lab_from_its_creation_to_its_removal(self, running: RunningController, client: ClientLibrary) -> None:
        lab, r1, r2, link = two_node_lab(client)
        lab.sync()
        assert len(r1.physical_interfaces()) == 6
        assert r2 in r1.peer_nodes()
        assert lab.details()["node_count"] == 2

        began = running.clock.monotonic()
        lab.start(wait=True)
        assert running.clock.monotonic() - began < 20
        assert {node.state for node in lab.nodes()} == {"BOOTED"}
        assert link.state == "STARTED"
        assert lab.is_active()
        assert running.do(running.controller.statistics)[running.controller.hosts[0].id].usage.running_nodes == 2

        began = running.clock.monotonic()
        lab.stop(wait=True)
        assert running.clock.monotonic() - began < 20
        assert lab.state() == "STOPPED"
        lab.wipe(wait=True)
        assert lab.state() == "DEFINED_ON_CORE"
        lab_id = lab.id
        lab.remove()
        with pytest.raises(LabNotFound):
            client.join_existing_lab(lab_id)

    def test_a_full_synchronisation_reads_everything(self, running: RunningController, client: ClientLibrary) -> None:
        lab, r1, _, _ = two_node_lab(client)
        lab.start(wait=True)
        lab.sync(topology_only=False)
        assert r1.cpu_usage >= 0
        assert r1.configuration == "hostname r1"
        assert r1.compute_id == running.controller.hosts[0].id
        lab.sync_layer3_addresses()
        assert any(interface.discovered_ipv4 for interface in r1.interfaces())
        assert lab.sync_events()
        assert any(event["element_type"] == "Node" for event in lab.events)

    def test_a_lab_cannot_go_while_it_runs_or_keeps_disks(self, client: ClientLibrary) -> None:
        lab, *_ = two_node_lab(client)
        lab.start(wait=True)
        with pytest.raises(Exception, match="must be stopped"):
            lab.remove()
        lab.stop(wait=True)
        with pytest.raises(Exception, match="must be stopped and wiped"):
            lab.remove()

    def test_single_nodes_links_and_interfaces(self, client: ClientLibrary) -> None:
        lab, r1, r2, link = two_node_lab(client)
        r1.start()
        wait_until(r1.is_booted)
        assert r2.state == "DEFINED_ON_CORE"
        link.stop()
        link.remove()
        assert not lab.links()
        r1.stop()
        wait_until(lambda: r1.state == "STOPPED")
        r1.wipe()
        r1.label = "renamed"
        assert lab.get_node_by_label("renamed").id == r1.id
        lab.remove_node(r2)
        lab.sync()
        assert [node.label for node in lab.nodes()] == ["renamed"]

    def test_what_is_exported_can_be_imported(self, client: ClientLibrary) -> None:
        lab, *_ = two_node_lab(client, "The original")
        text = lab.download()
        assert yaml.safe_load(text)["lab"]["title"] == "The original"
        copy = client.import_lab(text, title="The copy")
        assert copy.title == "The copy"
        assert {node.label for node in copy.nodes()} == {"r1", "r2"}
        assert len(copy.links()) == 1
        assert copy.get_node_by_label("r1").configuration == "hostname r1"
        again = yaml.safe_load(copy.download())
        original = yaml.safe_load(text)
        assert again["nodes"] == original["nodes"]
        assert again["links"] == original["links"]

    def test_a_bad_topology_is_refused_with_words(self, client: ClientLibrary) -> None:
        with pytest.raises(Exception, match="Bad topology"):
            client.import_lab("lab: {version: 9.9.9}\nnodes: []\nlinks: []\n")


class TestSystem:
    def test_statistics_and_health(self, running: RunningController, client: ClientLibrary) -> None:
        stats = client.get_system_stats()
        (compute,) = stats["computes"].values()
        assert compute["stats"]["cpu"]["count"] == 48
        health = client.get_system_health()
        assert (health["valid"], health["is_licensed"]) == (True, True)
        running.faults.set("health-failed", worker="worker-1", parameters={"check": "kvm_vmx_enabled"})
        (unwell,) = client.get_system_health()["computes"].values()
        assert unwell["kvm_vmx_enabled"] is False

    def test_compute_hosts_of_a_cluster(self) -> None:
        with running_controller(computes=2) as running:
            client = connect(running)
            hosts = client.system_management.compute_hosts
            assert len(hosts) == 3
            assert client.system_management.controller.is_connector
            running.do(running.controller.lose_compute)
            client.system_management.sync_compute_hosts()
            assert [host.is_connected for host in hosts.values()].count(False) == 1

    def test_notices_and_maintenance_mode(self, client: ClientLibrary) -> None:
        management = client.system_management
        client._session.post("system/notices", json={"level": "WARNING", "label": "Soon", "content": "Down at noon"})
        management.sync_system_notices()
        (notice,) = management.system_notices.values()
        assert notice.label == "Soon"
        management.maintenance_mode = True
        management.maintenance_notice = notice
        management.sync_system_notices()
        assert management.maintenance_mode
        assert management.maintenance_notice is notice

    def test_diagnostics_of_every_category(self, client: ClientLibrary) -> None:
        diagnostics = client.get_diagnostics(DiagnosticsCategory.ALL)
        assert diagnostics["startup_scheduler"]["system_ready"] is True
        assert "error" not in str(diagnostics).lower()

    def test_the_sessions_length(self, client: ClientLibrary) -> None:
        client.system_management.set_web_session_timeout(3600)
        assert client.system_management.get_web_session_timeout() == 3600


class TestPeople:
    def test_users_come_and_go(self, running: RunningController, client: ClientLibrary) -> None:
        users = client.user_management
        made = users.create_user(username="newcomer", pwd="a-long-password")
        assert users.user_id("newcomer") == made["id"]
        newcomer = connect(running, username="newcomer", password="a-long-password")
        with pytest.raises(Exception, match="administrator"):
            newcomer.licensing.status()
        users.delete_user(made["id"])
        with pytest.raises(InitializationError):
            connect(running, username="newcomer", password="a-long-password")

    def test_groups(self, client: ClientLibrary) -> None:
        client.group_management.create_group("class of 26")
        with pytest.raises(Exception, match="Group already exists"):
            client.group_management.create_group("class of 26")


class TestLicensing:
    @pytest.fixture
    def unregistered(self, client: ClientLibrary) -> ClientLibrary:
        assert client.licensing.deregister() == 204
        return client

    def test_registration_is_slow_and_ends_in_compliance(self, unregistered: ClientLibrary) -> None:
        licensing = unregistered.licensing
        assert licensing.status()["registration"]["status"] == "NOT_REGISTERED"
        licensing.set_default_transport()
        licensing.set_product_license("CML_Education")
        assert licensing.register_wait("a-good-token")
        status = licensing.status()
        assert status["registration"]["status"] == "COMPLETED"
        assert status["authorization"]["status"] == "IN_COMPLIANCE"

    def test_a_bad_token_is_accepted_and_fails_later(self, unregistered: ClientLibrary) -> None:
        licensing = unregistered.licensing
        assert licensing.register("bad-token")
        wait_until(lambda: licensing.status()["registration"]["status"] == "FAILED")
        times = licensing.status()["registration"]["register_time"]
        assert "'bad-token' is not valid" in times["failure"]

    def test_features_and_renewals(self, running: RunningController, client: ClientLibrary) -> None:
        licensing = client.licensing
        expansion = next(feature for feature in licensing.status()["features"] if "NODE_COUNT" in feature["id"])
        licensing.update_features([{"id": expansion["id"], "count": 50}])
        assert client.get_diagnostics(DiagnosticsCategory.LICENSING)["licensing"]["quota"] == 70
        before = licensing.status()["authorization"]["renew_time"]["attempted"]
        assert licensing.renew_authorization()
        assert licensing.register_renew()
        wait_until(lambda: licensing.status()["authorization"]["renew_time"]["attempted"] != before)

    def test_deregistering_twice_is_refused(self, unregistered: ClientLibrary) -> None:
        with pytest.raises(Exception, match="not registered"):
            unregistered.licensing.deregister()

    def test_a_deaf_smart_account_answers_202(self, running: RunningController, client: ClientLibrary) -> None:
        running.controller.licensing.deregistration_is_partial = True
        assert client.licensing.deregister() == 202

    def test_the_same_product_license_twice_is_refused(self, unregistered: ClientLibrary) -> None:
        with pytest.raises(Exception, match="already active"):
            unregistered.licensing.set_product_license("CML_Enterprise")


def test_versions_before_2_8_are_refused_by_the_client_itself() -> None:
    with running_controller(version="2.6.1") as running:
        with pytest.raises(InitializationError):
            connect(running)
        assert connect(running, check_version=False).get_system_stats()["computes"]


def test_the_event_listener_moves_node_states_and_survives(running: RunningController) -> None:
    client = connect(running, events=True, password=PASSWORD)
    listener: Any = client.event_listener
    try:
        wait_until(lambda: listener._connected, what="the listener connects")
        lab, r1, r2, _ = two_node_lab(client)
        lab.start(wait=False)
        asked = running.controller.calls.of("GET", "/api/v0/labs/{lab_id}/lab_element_state")
        wait_until(lambda: {r1._state, r2._state} == {"BOOTED"}, what="the nodes boot")
        lab.stop(wait=False)
        wait_until(lambda: {r1._state, r2._state} == {"STOPPED"}, what="the nodes stop")
        assert running.controller.calls.of("GET", "/api/v0/labs/{lab_id}/lab_element_state") == asked
        lab.wipe(wait=False)
        lab.remove()
        assert listener._connected
        assert listener._thread.is_alive()
    finally:
        listener.stop_listening()
