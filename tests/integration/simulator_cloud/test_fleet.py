"""The controllers follow their instances, and CloudWatch follows the controllers."""

import ssl
from typing import Any

import aiohttp
from tests.integration.simulator_cloud.asking import (
    described,
    metric_query,
    metric_window,
)
from tests.support.simulator import boto_client, in_thread, running_simulator
from tests.support.waiting import until

from cmlfleet.simulator.cloud.transition_times import TransitionTimes
from cmlfleet.simulator.controller.boot import BootPhase
from cmlfleet.simulator.fleet import SimulatedWorker
from cmlfleet.simulator.plans import CML_PASSWORD, CML_USERNAME, Beat
from cmlfleet.simulator.server import SimulatorServer

AT_ONCE = TransitionTimes(pending_seconds=0, stopping_seconds=0, metal_factor=1)


async def answer_of(worker: SimulatedWorker, path: str = "/api/v0/system_information") -> Any:
    """The status and body of a GET, or the name of the error that came instead."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    timeout = aiohttp.ClientTimeout(total=3)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        try:
            async with client.get(f"{worker.url}{path}", ssl=trusting) as response:
                is_json = response.content_type == "application/json"
                return response.status, await (response.json() if is_json else response.text())
        except aiohttp.ClientConnectorError:
            return "refused"


async def signed_in_answer(worker: SimulatedWorker, path: str) -> Any:
    async with aiohttp.ClientSession() as client:
        who = {"username": CML_USERNAME, "password": CML_PASSWORD}
        async with client.post(f"{worker.url}/api/v0/authenticate", json=who, ssl=False) as response:
            token = await response.json()
        headers = {"Authorization": f"Bearer {token}"}
        async with client.get(f"{worker.url}{path}", headers=headers, ssl=False) as response:
            return await response.json()


def first_worker(simulator: SimulatorServer) -> SimulatedWorker:
    return next(iter(simulator.fleet.workers.values()))


async def phase(worker: SimulatedWorker) -> str:
    """What a caller meets: refused, a status other than 200, or whether it is ready."""
    answer = await answer_of(worker)
    if answer == "refused" or answer[0] != 200:
        return str(answer if answer == "refused" else answer[0])
    return f"ready: {answer[1]['ready']}"


async def test_a_stop_and_start_is_seen_at_the_controller_phase_by_phase() -> None:
    async with running_simulator(workers=2, times=AT_ONCE) as simulator:
        worker = first_worker(simulator)
        controller = worker.controller
        assert controller is not None
        assert await phase(worker) == "ready: True"
        ec2 = await in_thread(boto_client, simulator, "ec2")
        await in_thread(ec2.stop_instances, InstanceIds=[worker.instance.instance_id])
        assert await phase(worker) == "refused"
        simulator.clock.advance(30)
        assert (await in_thread(described, ec2, worker.instance.instance_id))["State"]["Name"] == "stopped"
        await in_thread(ec2.start_instances, InstanceIds=[worker.instance.instance_id])
        await until(lambda: controller.is_on)
        met: list[str] = []
        for seconds in (0, worker.plan.boot.refused_seconds, worker.plan.boot.bad_gateway_seconds, 5):
            simulator.clock.advance(seconds)
            expected = controller.phase()

            async def follows(expected: BootPhase = expected) -> bool:
                seen = await phase(worker)
                return (seen == "refused") == (expected is BootPhase.REFUSED)

            await until(follows, what="the socket following the phase")
            met.append(await phase(worker))
        assert met == ["refused", "502", "ready: False", "ready: True"]


async def test_the_endpoint_tag_leads_to_a_controller_that_takes_the_password() -> None:
    async with running_simulator(workers=2) as simulator:
        worker = first_worker(simulator)
        assert worker.instance.tags["cmlfleet:endpoint"] == worker.url
        async with (
            aiohttp.ClientSession() as client,
            client.post(
                f"{worker.url}/api/v0/authenticate",
                json={"username": CML_USERNAME, "password": CML_PASSWORD},
                ssl=False,
            ) as response,
        ):
            assert response.status == 200


async def test_the_cpu_that_cloudwatch_shows_rises_with_the_labs() -> None:
    async with running_simulator(workers=1) as simulator:
        worker = first_worker(simulator)
        controller = worker.controller
        assert controller is not None
        cloudwatch = await in_thread(boto_client, simulator, "cloudwatch")

        async def newest() -> float:
            window = metric_window(now=simulator.clock.now())
            query = metric_query(worker.instance.instance_id)
            answer = await in_thread(cloudwatch.get_metric_data, MetricDataQueries=[query], **window)
            return answer["MetricDataResults"][0]["Values"][0]

        before = await newest()
        controller.set_node_quota(200)
        controller.add_lab("A big one", "admin", 60, started=True)
        simulator.clock.advance(300)
        after = await newest()
        assert after > before + 5
        assert abs(after - controller.cpu_percent()) < 5


async def test_the_team_s_beats_happen_and_are_announced() -> None:
    told: list[str] = []

    def tell(beat: Beat) -> None:
        told.append(beat.worker)

    async with running_simulator(scenario_name="team", times=AT_ONCE, announce=tell) as simulator:
        stopped = simulator.fleet.worker("bgp-class-2")
        idle = simulator.fleet.worker("metal-forgotten")
        assert idle.controller is not None
        assert idle.controller.licensed_nodes_started() == 0
        simulator.clock.advance(60)
        await until(lambda: len(told) == 2)
        assert told == ["bgp-class-2", "metal-forgotten"]
        await until(lambda: stopped.instance.state == "stopped")
        simulator.clock.advance(30)
        idle.controller.settle()
        assert idle.controller.licensed_nodes_started() > 0


async def test_the_team_s_workers_are_what_their_stories_say() -> None:
    async with running_simulator(scenario_name="team") as simulator:
        workers = simulator.fleet.workers
        assert await phase(workers["bgp-class-1"]) == "ready: True"
        assert await phase(workers["sdwan-new"]) == "refused"
        assert await phase(workers["aci-stuck"]) == "502"
        assert await phase(workers["summer-lab"]) == "refused"
        assert workers["dc-cluster-compute-2"].url is None
        assert "cmlfleet:endpoint" not in workers["dc-cluster-compute-2"].instance.tags
        assert workers["dc-cluster-compute-2"].instance.public_ip is None
        full = workers["student-full"].controller
        assert full is not None
        assert full.licensed_nodes_started() == 20
        hosts = await signed_in_answer(workers["dc-cluster"], "/api/v0/system/compute_hosts")
        assert [host["is_connected"] for host in hosts] == [True, True, False]
        disk = (await signed_in_answer(workers["student-full"], "/api/v0/system_stats"))["all"]["disk"]
        assert round(disk["used"] / disk["total"] * 100) == 94
        licence = await signed_in_answer(workers["campus-compliance"], "/api/v0/licensing")
        assert licence["authorization"]["status"] == "OUT_OF_COMPLIANCE"
        simulator.clock.advance(60)
        await until(lambda: phase_is(workers["sdwan-new"], "ready: True"))


async def phase_is(worker: SimulatedWorker, wanted: str) -> bool:
    return await phase(worker) == wanted


async def test_two_simulators_run_side_by_side() -> None:
    async with running_simulator(workers=2) as one, running_simulator(workers=2) as other:
        assert await phase(first_worker(one)) == "ready: True"
        assert await phase(first_worker(other)) == "ready: True"
        assert one.cml_port != other.cml_port
