"""The controller on its socket: what a client of any kind meets there."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.integration.simulator_controller.scene import Scene, make_scene, unverified
from tests.support.simulated_controller import ADDRESS, WORKER, simulated_controller
from tests.support.waiting import until

from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.controller.listener import ControllerListener


@pytest.fixture
async def cold_scene() -> AsyncIterator[Scene]:
    phases = BootPhases(refused_seconds=20, bad_gateway_seconds=15, not_ready_seconds=15, reboots_once=True)
    scene = await make_scene(is_up=False, boot=phases)
    yield scene
    await scene.close()


async def test_a_boot_goes_from_refused_over_502_and_not_ready_to_ready_with_one_reboot(
    cold_scene: Scene,
) -> None:
    scene = cold_scene
    assert await scene.status() == "refused"
    scene.controller.power_on()
    assert await scene.status() == "refused"
    scene.clock.advance(20.5)
    await boots_to_ready(scene)
    scene.clock.advance(20)
    await until(lambda: scene.is_status("refused"))
    scene.clock.advance(20)
    await boots_to_ready(scene)
    scene.clock.advance(3600)
    assert await scene.status() == 200


async def boots_to_ready(scene: Scene) -> None:
    await until(lambda: scene.is_status(502))
    scene.clock.advance(15)
    assert '"ready":false' in (await scene.get("system_information"))[1]
    scene.clock.advance(15)
    assert '"ready":true' in (await scene.get("system_information"))[1]


async def test_power_off_refuses_connections_and_kills_tokens(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.controller.power_off()
    await until(lambda: scene.is_status("refused"))
    scene.controller.power_on(already_up=True)
    await until(lambda: scene.is_status(200))
    assert (await scene.get("system_stats", token))[0] == 401


async def test_the_certificate_is_the_same_for_the_same_seed_and_changes_when_told(scene: Scene) -> None:
    before = await scene.fingerprint()
    assert before == scene.listener.certificate.sha256
    assert ControllerListener(simulated_controller(), ADDRESS).certificate.sha256 == before
    assert ControllerListener(simulated_controller(seed=8), ADDRESS).certificate.sha256 != before
    scene.faults.set("certificate-changed", worker=WORKER)
    assert await scene.fingerprint() == scene.listener.certificate.sha256 != before


async def test_the_certificate_is_self_signed_and_names_the_host_alone(scene: Scene) -> None:
    trusting = ssl.create_default_context(cadata=scene.listener.certificate.certificate_pem.decode())
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        await asyncio.open_connection(ADDRESS, scene.listener.port, ssl=trusting)
    _, writer = await asyncio.open_connection(
        ADDRESS, scene.listener.port, ssl=trusting, server_hostname=scene.controller.hostname
    )
    writer.close()
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        await asyncio.open_connection(ADDRESS, scene.listener.port, ssl=ssl.create_default_context())


async def test_requests_on_one_connection_are_answered_in_order(scene: Scene) -> None:
    """Pipelined, in pieces, and the last one asking to close."""
    reader, writer = await asyncio.open_connection(ADDRESS, scene.listener.port, ssl=unverified())
    for piece in (b"GET /api/v0/system_informa", b"tion HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v0/nowhere HTTP/1.1\r\n"):
        writer.write(piece)
        await writer.drain()
    writer.write(b"Host: x\r\nConnection: close\r\n\r\n")
    answers = (await reader.read()).decode()
    assert answers.count("HTTP/1.1 ") == 2
    assert answers.index("200 OK") < answers.index("404 Not Found")
    writer.close()


async def test_bodies_above_nginxs_limits_are_413(scene: Scene) -> None:
    token = await scene.sign_in()
    headers = {"Authorization": f"Bearer {token}"}
    large = b"x" * 200_000
    async with scene.session.post(f"{scene.api}/labs", data=large, headers=headers) as response:
        assert response.status == 413
    async with scene.session.post(f"{scene.api}/import", data=large, headers=headers) as response:
        assert response.status == 400, "an import may be large"


async def test_what_is_not_http_is_400(scene: Scene) -> None:
    reader, writer = await asyncio.open_connection(ADDRESS, scene.listener.port, ssl=unverified())
    writer.write(b"\x00\x01\x02 nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_sign_ins_in_a_burst_are_limited(scene: Scene) -> None:
    statuses = [await scene.sign_in_status(password="wrong") for _ in range(70)]
    assert statuses[:30] == [403] * 30
    assert statuses[-1] == 429
    scene.clock.advance(60)
    assert await scene.sign_in_status() == 200
    assert scene.controller.calls.sign_ins == 71


async def websocket_after(scene: Scene, *messages: str) -> aiohttp.ClientWebSocketResponse:
    socket = await scene.session.ws_connect(f"{scene.listener.endpoint}/ws/ui")
    for message in messages:
        await socket.send_str(message)
    return socket


async def closes_as_unauthorized(socket: aiohttp.ClientWebSocketResponse) -> None:
    message = await asyncio.wait_for(socket.receive(), 5)
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert socket.close_code == 3000


async def test_the_websocket_opens_for_everybody_and_closes_on_a_bad_first_message(scene: Scene) -> None:
    for first in ("a.bare.token", '{"authorization":"x"}', '{"token":"unknown"}'):
        await closes_as_unauthorized(await websocket_after(scene, first))


async def test_the_websocket_closes_on_silence(scene: Scene) -> None:
    scene.clock.speed = 100.0
    await closes_as_unauthorized(await websocket_after(scene))


async def test_the_websocket_sends_statistics_and_state_changes(scene: Scene) -> None:
    token = await scene.sign_in()
    lab = scene.controller.add_lab("A lab", node_count=1)
    socket = await websocket_after(scene, f'{{"type":"authenticate","token":"{token}"}}')
    first = await asyncio.wait_for(socket.receive_json(), 5)
    assert first["event_type"] == "system_stats"
    assert first["data"] == await scene.read("system_stats", token)
    scene.controller.start_lab(lab.id)
    scene.clock.advance(20)
    seen: list[tuple[str, str]] = []
    while ("Node", "BOOTED") not in seen:
        frame = await asyncio.wait_for(socket.receive_json(), 5)
        assert frame["event_type"] != "lab_event"
        if frame["event_type"] == "state_change":
            seen.append((frame["element_type"], frame["event"]))
    assert [event for kind, event in seen if kind == "Node"] == ["QUEUED", "STARTED", "BOOTED"]
    await socket.close()
    await until(lambda: not scene.controller.journal.listeners)
