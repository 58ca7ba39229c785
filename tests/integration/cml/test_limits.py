"""Whatever a controller sends: bounded time and bounded memory."""

import asyncio
import gzip
import resource
import time

import pytest
from aiohttp import web
from tests.support.cml_reader import CMLReader, cml_reader
from tests.support.scripted_controller import Handler, ScriptedController, answer, scripted_controller, self_signed

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome

CREDENTIALS = CMLCredentials(username="admin", password="secret-of-the-test")
MEBIBYTE = 1024 * 1024
LIMIT_MEBIBYTES = 16


async def read_with(handlers: dict[str, Handler], *, timeout_seconds: float = 10.0):
    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS, timeout_seconds=timeout_seconds) as reader,
    ):
        controller.routes.update(handlers)
        return await reader.read(), controller


def memory_peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def test_an_endless_body_ends_at_the_size_limit():
    sent = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"[" * MEBIBYTE)
            await asyncio.sleep(0)  # on a connection that was reset a write no longer waits for anything
            sent += 1
        return response

    before = memory_peak_mebibytes()
    fact, _ = await read_with({"system_stats": pour})

    assert fact.parts[CMLPart.STATISTICS].error_code is ErrorCode.BAD_RESPONSE
    assert sent <= 4 * LIMIT_MEBIBYTES, "beyond what the system's buffers hold nothing is taken"
    assert memory_peak_mebibytes() - before < 5 * LIMIT_MEBIBYTES
    assert fact.parts[CMLPart.HEALTH].outcome is Outcome.OK


async def test_a_body_that_announces_too_much_is_not_read():
    async def announce(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(64 * MEBIBYTE)})
        await response.prepare(request)
        await response.write(b"{")
        return response

    started = time.monotonic()
    fact, _ = await read_with({"system_stats": announce})

    assert fact.parts[CMLPart.STATISTICS].error_code is ErrorCode.BAD_RESPONSE
    assert time.monotonic() - started < 2


async def test_a_compressed_bomb_is_never_inflated():
    bomb = gzip.compress(b"[" * (64 * MEBIBYTE))

    async def throw(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    fact, _ = await read_with({"labs": throw})

    assert fact.parts[CMLPart.LABS].error_code is ErrorCode.BAD_RESPONSE
    assert "compressed" in (fact.parts[CMLPart.LABS].detail or "")


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"computes": ' * 50_000, b'"' + b"9" * 100_000, b"\xff\xfe", b"", b"1e999"]
)
async def test_json_that_is_none_is_a_bad_response(body: bytes):
    async def send(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(body=body, content_type="application/json")

    fact, _ = await read_with({"system_stats": send, "system_information": send})

    assert fact.error_code is ErrorCode.BAD_RESPONSE


async def test_endless_headers_are_a_bad_response():
    async def send(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\n")
        while not request.transport.is_closing():
            request.transport.write(b"X-Header: " + b"x" * 8000 + b"\r\n")
            await asyncio.sleep(0)
        return web.Response()

    fact, _ = await read_with({"system_stats": send})

    assert fact.parts[CMLPart.STATISTICS].error_code is ErrorCode.BAD_RESPONSE


async def test_one_route_that_hangs_does_not_keep_the_others_waiting():
    async def hang(request: web.Request) -> web.StreamResponse:
        del request
        await asyncio.sleep(60)
        return web.Response()

    fact, _ = await read_with({"system_stats": hang}, timeout_seconds=2.0)

    assert fact.error_code is ErrorCode.TIMEOUT
    assert fact.parts[CMLPart.STATISTICS].error_code is ErrorCode.TIMEOUT
    assert {part for part, status in fact.parts.items() if status.outcome is Outcome.OK} == set(CMLPart) - {
        CMLPart.STATISTICS
    }
    assert 1900 < fact.duration_ms < 3000


async def test_a_redirect_is_not_followed():
    async with (
        scripted_controller(self_signed()) as elsewhere,
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):

        async def redirect(request: web.Request) -> web.StreamResponse:
            raise web.HTTPTemporaryRedirect(f"{elsewhere.endpoint}{request.path}")

        controller.routes.update({"auth_extended": redirect, "labs": redirect})

        fact = await reader.read()

        assert fact.error_code is ErrorCode.BAD_RESPONSE
        assert elsewhere.requests == []


async def test_a_cookie_is_not_kept():
    async def set_cookie(request: web.Request) -> web.StreamResponse:
        assert "Cookie" not in request.headers
        response = web.json_response({"version": "2.9.1+build.7", "ready": True})
        response.set_cookie("session", "x")
        return response

    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes["system_information"] = set_cookie
        first, second = await reader.read(), await reader.read()

    assert first.error_code is second.error_code is None


async def test_a_page_of_somebody_else_gets_no_password():
    async def page(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(text="<html>hello</html>", content_type="text/html")

    fact, controller = await read_with({"system_information": page})

    assert fact.error_code is ErrorCode.BAD_RESPONSE
    assert controller.secrets_received == 0


async def test_an_older_sign_in_route_is_used_where_the_newer_is_missing():
    missing = answer({"code": 404, "description": "Not Found"}, status=404)

    fact, controller = await read_with(
        {
            "auth_extended": missing,
            "authenticate": answer("the.token"),
            "licensing": answer({"code": 403, "description": "Access denied"}, status=403),
        }
    )

    assert fact.error_code is None
    assert fact.is_admin is False, "nothing else told it, and the licence was refused"
    assert ("GET", "labs", "Bearer the.token") in controller.requests


async def test_routes_that_a_version_lacks_are_no_failure():
    gone = answer({"code": 404, "description": "Not Found"}, status=404)

    fact, _ = await read_with({"system_health": gone, "system/maintenance_mode": gone, "licensing": gone})

    assert fact.error_code is None
    assert fact.parts[CMLPart.HEALTH].outcome is Outcome.NO_DATA
    assert fact.parts[CMLPart.LICENCE].outcome is Outcome.NO_DATA


async def test_a_page_that_is_not_there_is_not_a_controller():
    fact, _ = await read_with({"system_information": answer({"code": 404, "description": "x"}, status=404)})

    assert fact.error_code is ErrorCode.BAD_RESPONSE


async def test_ids_that_lead_elsewhere_are_not_asked_for():
    fact, controller = await read_with({"labs": answer(["../users/1?x=", "a/b"])})

    assert fact.parts[CMLPart.LABS].error_code is ErrorCode.BAD_RESPONSE
    assert not any(path.startswith("labs/") for path in controller.paths())


async def labs_of(controller: ScriptedController, reader: CMLReader, count: int):
    ids = [f"lab-{number}" for number in range(count)]
    lab = {"lab_title": "L", "state": "STARTED", "node_count": 2}
    controller.routes["labs"] = answer(ids)
    for lab_id in ids:
        controller.routes[f"labs/{lab_id}"] = answer({**lab, "id": lab_id})
        controller.routes[f"labs/{lab_id}/lab_element_state"] = answer({"nodes": {"a": "BOOTED", "b": "STOPPED"}})
    return await reader.read()


async def test_labs_are_read_one_by_one_where_there_are_no_tiles():
    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        fact = await labs_of(controller, reader, 20)
        assert fact.labs is not None
        assert [(lab.title, lab.nodes_running) for lab in fact.labs] == [("L", 1)] * 20

        controller.requests.clear()
        await reader.read()
        assert "populate_lab_tiles" not in controller.paths(), "it is asked again after an hour"

        reader.clock.advance(3600)
        controller.requests.clear()
        await reader.read()
        assert "populate_lab_tiles" in controller.paths()


async def test_tiles_over_the_size_limit_are_replaced_by_single_questions():
    async def announce(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(64 * MEBIBYTE)})
        await response.prepare(request)
        return response

    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes["populate_lab_tiles"] = announce
        fact = await labs_of(controller, reader, 3)

    assert fact.error_code is None
    assert fact.labs is not None
    assert len(fact.labs) == 3


async def test_labs_that_the_tiles_leave_out_are_asked_for_and_deleted_ones_are_gone():
    tile = {"lab_title": "Tiled", "state": "STARTED", "node_count": 1, "topology": {"nodes": [{"state": "BOOTED"}]}}
    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes["labs"] = answer(["one", "two", "three"])
        controller.routes["populate_lab_tiles"] = answer({"lab_tiles": {"one": tile, "unlisted": tile}})
        controller.routes["labs/two"] = answer({"lab_title": "Single", "state": "STOPPED", "node_count": 4})

        fact = await reader.read()

    assert fact.labs is not None
    assert [(lab.lab_id, lab.title, lab.nodes_running) for lab in fact.labs] == [
        ("one", "Tiled", 1),
        ("two", "Single", 0),
    ]
    assert fact.lab_ids == {"one", "two"}
    assert "labs/three" in controller.paths()
    assert "labs/two/lab_element_state" not in controller.paths(), "nothing runs in a stopped lab"
