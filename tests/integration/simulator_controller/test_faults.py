"""Each fault of a controller, as a client on the network meets it."""

import asyncio
import time

import aiohttp
import orjson
import pytest
from tests.integration.simulator_controller.scene import Scene, make_scene
from tests.support.simulated_controller import ADDRESS, PASSWORD, WORKER
from tests.support.waiting import until

from cmlfleet.simulator.fault_catalogue import CATALOGUE, FaultName, FaultScope

PATIENCE_SECONDS = 1.5  # for one answer in this process, on a loaded machine


async def test_refused_really_closes_the_socket_and_opens_it_again(scene: Scene) -> None:
    assert await scene.status() == 200
    scene.faults.set("refused", worker=WORKER)
    await until(lambda: scene.is_status("refused"))
    scene.faults.clear("refused")
    await until(lambda: scene.is_status(200))


@pytest.mark.parametrize(
    ("fault", "status"), [("bad-gateway", 502), ("service-unavailable", 503), ("gateway-timeout", 504)]
)
async def test_nginx_without_an_api_process(scene: Scene, fault: str, status: int) -> None:
    scene.faults.set(fault, worker=WORKER)
    answered, text = await scene.get("system_information")
    assert answered == status
    assert text.startswith("<html>")


@pytest.mark.parametrize("fault", ["hanging", "half-open"])
async def test_a_silent_controller_never_answers(scene: Scene, fault: str) -> None:
    token = await scene.sign_in()
    scene.faults.set(fault, worker=WORKER)
    with pytest.raises(TimeoutError):
        await scene.get("system_stats", token, limit_seconds=0.2)
    scene.faults.clear(fault)
    await until(lambda: scene.is_status(200))


async def test_half_open_connections_are_accepted_and_say_nothing(scene: Scene) -> None:
    scene.faults.set("half-open", worker=WORKER)
    reader, writer = await asyncio.open_connection(ADDRESS, scene.listener.port)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)
    scene.faults.clear("half-open")
    assert await asyncio.wait_for(reader.read(1), 2) == b""
    writer.close()


async def test_closed_early(scene: Scene) -> None:
    scene.faults.set("closed-early", worker=WORKER)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await scene.get("system_information")


async def test_no_tls_is_spoken(scene: Scene) -> None:
    scene.faults.set("tls-failure", worker=WORKER)
    with pytest.raises(aiohttp.ClientConnectorError):
        await scene.get("system_information")


async def test_slow_and_slow_drip(scene: Scene) -> None:
    scene.faults.set("slow", worker=WORKER, parameters={"seconds": 0.3})
    began = time.monotonic()
    assert (await scene.get("system_information"))[0] == 200
    assert time.monotonic() - began >= 0.3
    scene.faults.clear()
    scene.faults.set("slow-drip", worker=WORKER, parameters={"seconds": 0.001})
    status, text = await scene.get("system_information")
    assert (status, orjson.loads(text)["ready"]) == (200, True)
    assert scene.listener.connections_accepted >= 1


async def test_huge_and_endless_bodies(scene: Scene) -> None:
    scene.faults.set("huge-body", worker=WORKER, parameters={"megabytes": 3})
    _, text = await scene.get("system_information")
    assert len(text) > 3_000_000
    assert orjson.loads(text)["ready"] is True
    scene.faults.clear()
    scene.faults.set("endless-body", worker=WORKER)
    async with scene.session.get(f"{scene.api}/system_information") as response:
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000


async def test_html_cut_off_json_and_a_redirect(scene: Scene) -> None:
    scene.faults.set("html", worker=WORKER)
    status, text = await scene.get("system_information")
    assert (status, text[:9]) == (200, "<!doctype")
    scene.faults.clear()
    scene.faults.set("cut-off-json", worker=WORKER)
    status, text = await scene.get("system_information")
    assert status == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(text)
    scene.faults.clear()
    scene.faults.set("redirect", worker=WORKER, parameters={"location": "https://127.0.0.9/x"})
    async with scene.session.get(f"{scene.api}/system_information", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "https://127.0.0.9/x")


async def test_errors_of_the_api_process(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.faults.set("part-failing", worker=WORKER, parameters={"route": "/system_stats"})
    assert (await scene.get("system_stats", token))[0] == 500
    assert (await scene.get("labs", token))[0] == 200
    scene.faults.set("internal-error", worker=WORKER)
    status, text = await scene.get("labs", token)
    assert (status, orjson.loads(text)) == (500, {"description": "Internal Server Error", "code": 500})


async def test_signing_in_is_limited_and_refused(scene: Scene) -> None:
    scene.faults.set("login-rate-limited", worker=WORKER)
    assert await scene.sign_in_status() == 429
    scene.faults.clear()
    token = await scene.sign_in()
    scene.faults.set("wrong-password", worker=WORKER)
    assert await scene.sign_in_status() == 403
    assert (await scene.get("labs", token))[0] == 401
    assert (await scene.get("system_information"))[0] == 200, "the version is known all the same"
    scene.faults.clear()
    assert await scene.sign_in_status(password=PASSWORD) == 200


async def test_an_account_that_is_no_administrator_any_more_says_so_itself(scene: Scene) -> None:
    token = await scene.sign_in()
    subject = next(iter(scene.controller.users)).id
    assert '"admin":true' in (await scene.get(f"users/{subject}", token))[1]
    scene.faults.set("not-admin", worker=WORKER)
    assert '"admin":false' in (await scene.get(f"users/{subject}", token))[1]


async def test_an_account_without_rights(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.faults.set("license-denied", worker=WORKER)
    assert (await scene.get("licensing", token))[0] == 403
    assert (await scene.get("users", token))[0] == 200
    scene.faults.clear()
    scene.controller.add_user("student-1")
    scene.controller.add_lab("Of a student", "student-1", 1)
    scene.faults.set("not-admin", worker=WORKER)
    assert (await scene.get("licensing", token))[0] == 403
    assert await scene.read("labs?show_all=true", token) == []
    assert (await scene.read("system_health", token))["computes"] == {}


async def test_what_a_controller_may_suffer_from(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.faults.set("disk-full", worker=WORKER, parameters={"percent": 94})
    disk = (await scene.read("system_stats", token))["controller"]["disk"]
    assert disk["used"] / disk["total"] == pytest.approx(0.94)
    scene.faults.set("out-of-compliance", worker=WORKER)
    assert (await scene.read("licensing", token))["authorization"]["status"] == "OUT_OF_COMPLIANCE"
    assert (await scene.read("system_health", token))["is_licensed"] is False
    scene.faults.set("unlicensed", worker=WORKER)
    assert (await scene.read("licensing", token))["registration"]["status"] == "NOT_REGISTERED"
    scene.faults.set("health-failed", worker=WORKER)
    (compute,) = (await scene.read("system_health", token))["computes"].values()
    assert (compute["libvirt"], compute["valid"]) == (False, False)
    scene.faults.set("maintenance", worker=WORKER, parameters={"notice": "Back at noon"})
    assert (await scene.read("system/maintenance_mode"))["resolved_notice"]["content"] == "Back at noon"
    scene.faults.set("not-ready", worker=WORKER)
    assert (await scene.read("system_information"))["ready"] is False


async def test_the_licence_that_ends_soon(scene: Scene) -> None:
    token = await scene.sign_in()
    before = (await scene.read("licensing", token))["registration"]["expires"]
    scene.faults.set("license-expiring", worker=WORKER, parameters={"days": 2})
    ending = await scene.read("licensing", token)
    assert ending["registration"]["expires"] < before
    for part in ("registration", "authorization"):
        assert ending[part]["renew_time"]["scheduled"] < ending["registration"]["expires"]
    scene.clock.advance(3600)
    assert await scene.read("licensing", token) == ending, "the end stays where it is"


async def test_fields_that_nobody_knows_and_fields_that_are_missing(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.faults.set("unknown-fields", worker=WORKER)
    assert "future_field" in await scene.read("system_information")
    scene.faults.clear()
    scene.faults.set("missing-fields", worker=WORKER)
    assert set(await scene.read("system_information")) == {"version", "ready"}
    assert "all" not in await scene.read("system_stats", token)


async def test_a_fault_that_strikes_once_is_over_after_it(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.faults.set("token-expired", worker=WORKER, times=1)
    assert (await scene.get("labs", token))[0] == 401
    assert (await scene.get("labs", await scene.sign_in()))[0] == 200


async def test_another_workers_fault_does_not_concern_this_one(scene: Scene) -> None:
    scene.faults.set("bad-gateway", worker="worker-2")
    assert await scene.status() == 200


FAULTS = [name for name, kind in CATALOGUE.items() if kind.scope is FaultScope.CONTROLLER]


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_of_the_catalogue_can_be_noticed(fault: FaultName) -> None:
    """A new name in the catalogue must not be a promise without a deed."""
    scene = await make_scene(computes=1)
    try:
        before = await impression(scene)
        assert await impression(scene) == before
        scene.faults.set(fault, worker=WORKER, parameters={"seconds": 2 * PATIENCE_SECONDS, "megabytes": 1})
        await asyncio.sleep(0)
        assert await impression(scene) != before
    finally:
        await scene.close()


async def impression(scene: Scene) -> list[object]:
    """What a client learns in one reading, without the figures that change by themselves."""
    seen: list[object] = [scene.listener.certificate.sha256]
    token: str | None = None
    try:
        token = await asyncio.wait_for(scene.sign_in(), PATIENCE_SECONDS)
    except (AssertionError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        seen.append(type(error).__name__)
    for route in ("system_information", "system/maintenance_mode", "system_health", "labs", "licensing"):
        try:
            seen.append(await scene.get(route, token, limit_seconds=PATIENCE_SECONDS))
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.append(type(error).__name__)
            return seen
    status, text = await scene.get("system_stats", token)
    if status == 200 and text.endswith("}"):
        stats = orjson.loads(text)
        hosts = [host.get("stats", {}).get("dominfo", {}) for host in stats["computes"].values()]
        orphans = [host.get("running_orphans") for host in hosts]
        seen += [stats.get("controller"), sorted(stats["computes"]), orphans]
    return seen
