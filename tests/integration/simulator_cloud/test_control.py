"""The simulator's own API: consoles and cables for tests in other processes."""

from typing import Any

import aiohttp
import pytest
from tests.support.simulator import running_simulator

from cmlfleet.simulator.server import SimulatorServer


async def control(
    simulator: SimulatorServer, method: str, path: str, body: Any = None, **query: str
) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, f"{simulator.aws_url}/_simulator{path}", json=body, params=query) as response,
    ):
        return response.status, await response.json()


async def test_an_instance_is_stopped_in_the_console() -> None:
    async with running_simulator(workers=2) as simulator:
        status, answer = await control(simulator, "POST", "/workers/cml-worker-00002/stop")
        assert (status, answer["workers"][0]["state"]) == (200, "stopping")
        _, everybody = await control(simulator, "GET", "/workers")
        assert [(each["state"], each["phase"]) for each in everybody["workers"]] == [
            ("running", "ready"),
            ("stopping", "off"),
        ]


async def test_a_worker_is_named_by_its_instance_id_or_address_too() -> None:
    async with running_simulator(workers=1) as simulator:
        instance = simulator.fleet.worker("cml-worker-00001").instance
        for name in (instance.instance_id, "127.1.0.1"):
            status, answer = await control(simulator, "POST", f"/workers/{name}/reboot")
            assert (status, answer["workers"][0]["name"]) == (200, "cml-worker-00001")


async def test_a_lab_is_started() -> None:
    async with running_simulator(scenario_name="team") as simulator:
        status, answer = await control(simulator, "POST", "/workers/metal-forgotten/labs/first/start")
        assert status == 200
        controller = simulator.fleet.worker("metal-forgotten").controller
        assert controller is not None
        lab_id = answer["workers"][0]["labs"][0]["id"]
        assert controller.labs.get(lab_id).state == "STARTED"
        status, _ = await control(simulator, "POST", f"/workers/metal-forgotten/labs/{lab_id}/stop")
        assert status == 200


async def test_time_is_advanced() -> None:
    async with running_simulator(workers=1) as simulator:
        await control(simulator, "POST", "/workers/cml-worker-00001/stop")
        await control(simulator, "POST", "/clock/advance", {"seconds": 60})
        _, answer = await control(simulator, "GET", "/workers")
        assert answer["workers"][0]["state"] == "stopped"


async def test_faults_are_set_listed_and_cleared() -> None:
    async with running_simulator(workers=1) as simulator:
        body = {"name": "slow", "worker": "127.1.0.1", "parameters": {"seconds": 1}}
        assert (await control(simulator, "POST", "/faults", body))[0] == 200
        _, listed = await control(simulator, "GET", "/faults")
        assert [(each["name"], each["worker"]) for each in listed["faults"]] == [("slow", "cml-worker-00001")]
        assert len(listed["catalogue"]) > 40
        _, gone = await control(simulator, "DELETE", "/faults", name="slow")
        assert len(gone["faults"]) == 1
        assert simulator.faults.list() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/workers/nobody/stop", None, 404, "there is no worker 'nobody'"),
        ("POST", "/workers/cml-worker-00001/dance", None, 400, "start, stop, terminate and reboot"),
        ("POST", "/workers/cml-worker-00001/labs/no-such-lab/start", None, 400, "no-such-lab"),
        ("POST", "/faults", {"name": "nonsense"}, 400, "there are: throttling"),
        ("POST", "/faults", {"name": "slow", "rate": 7}, 400, "rate"),
        ("POST", "/faults", {}, 400, "name"),
        ("POST", "/clock/advance", {"seconds": -1}, 400, "backwards"),
    ],
)
async def test_mistakes(method: str, path: str, body: Any, status: int, words: str) -> None:
    async with running_simulator(workers=1) as simulator:
        answered, content = await control(simulator, method, path, body)
    assert answered == status
    assert words in content["error"]


async def test_calls_are_counted_and_forgotten() -> None:
    async with running_simulator(workers=1) as simulator:
        simulator.ledger.count(account_id="1", region="r", service="ec2", operation="X", outcome="ok")
        _, answer = await control(simulator, "GET", "/calls")
        assert answer["calls"] == [
            {"account_id": "1", "region": "r", "service": "ec2", "operation": "X", "outcome": "ok", "count": 1}
        ]
        await control(simulator, "DELETE", "/calls")
        assert (await control(simulator, "GET", "/calls"))[1]["calls"] == []


async def test_what_controllers_are_asked_is_counted_over_all_of_them_and_forgotten() -> None:
    async with running_simulator(workers=2) as simulator:
        for worker in simulator.fleet.workers.values():
            assert worker.controller is not None
            worker.controller.calls["GET", "/api/v0/labs", 200] += 1
        _, answer = await control(simulator, "GET", "/calls")
        assert answer["controllers"] == [{"method": "GET", "route": "/api/v0/labs", "status": 200, "count": 2}]
        _, answer = await control(simulator, "DELETE", "/calls")
        assert answer["controllers"] == []
