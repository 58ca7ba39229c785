"""One connection's answers, whatever arrives and however it is cut into pieces."""

import asyncio
from typing import Any

import pytest

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.controller_connection import ControllerConnection, HTTPAnswer

REQUEST = b"GET /api/v0/labs HTTP/1.1\r\n\r\n"
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n["lab1"]'


class Wire(asyncio.Transport):
    """What the connection writes, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_aborted = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.is_aborted = True


class Scene:
    def __init__(self) -> None:
        self.wire = Wire()
        self.connection = ControllerConnection()
        self.connection.connection_made(self.wire)

    async def ask(self, *pieces: bytes, max_bytes: int = 1000, ends: bool = False) -> HTTPAnswer:
        """The answer that these pieces make; `ends`: then the connection is closed."""
        asked = asyncio.ensure_future(self.connection.exchange(REQUEST, operation="labs", max_bytes=max_bytes))
        await asyncio.sleep(0)
        for piece in pieces:
            self.connection.data_received(piece)
        if ends:
            self.connection.connection_lost(None)
        return await asked


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_an_answer_in_single_bytes(scene: Scene):
    answer = await scene.ask(*(GOOD[index : index + 1] for index in range(len(GOOD))))

    assert (answer.status, answer.body) == (200, b'["lab1"]')
    assert scene.connection.is_open


async def test_one_connection_answers_again_and_again(scene: Scene):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n"

    bodies = [(await scene.ask(answer)).body for answer in (GOOD, chunked, GOOD)]

    assert bodies == [b'["lab1"]', b"[1]", b'["lab1"]']
    assert scene.connection.is_open


async def test_an_interim_answer_is_passed_over(scene: Scene):
    answer = await scene.ask(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + GOOD)

    assert (answer.status, answer.body) == (200, b'["lab1"]')


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
async def test_a_connection_that_ends_is_not_used_again(scene: Scene, answer: bytes):
    assert (await scene.ask(answer)).body == b"[]"
    assert not scene.connection.is_open
    assert scene.wire.is_aborted


async def test_a_body_may_end_with_the_connection(scene: Scene):
    assert (await scene.ask(b"HTTP/1.0 200 OK\r\n\r\n", b"[1", b"]", ends=True)).body == b"[1]"


async def test_two_answers_to_one_question_end_the_connection(scene: Scene):
    """Else the second would pass for the answer to the next question."""
    assert (await scene.ask(GOOD + GOOD)).body == b'["lab1"]'
    assert not scene.connection.is_open


async def test_what_nobody_asked_for_ends_the_connection(scene: Scene):
    await scene.ask(GOOD)
    scene.connection.data_received(GOOD)

    assert scene.wire.is_aborted
    assert not scene.connection.is_open


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1"], True),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1"], True),
        ([b"HTTP/1.1 200"], True),
        ([b"220 mail.example.com ESMTP\r\n"], False),
        ([b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"], True),
        ([b"HTTP/1.1 200 OK\r\nX: ", *[b"x" * 1024] * 65], False),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"], False),
        ([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 100] * 11], False),
    ],
    ids=["cut body", "cut chunk", "cut head", "no HTTP", "upgrade", "endless head", "announced", "too large"],
)
async def test_what_is_no_whole_answer_is_a_bad_response(scene: Scene, pieces: list[bytes], ends: bool):
    with pytest.raises(CMLCallError) as failure:
        await scene.ask(*pieces, ends=ends)

    assert failure.value.code is ErrorCode.BAD_RESPONSE
    assert not scene.connection.is_open


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [
        ([b"HTTP/1.1 503 Unavailable\r\nContent-Length: 9\r\nRetry-After: 7\r\n\r\nx"], True),
        ([b"HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\n\r\n", *[b"x" * 100] * 11], False),
    ],
)
async def test_how_an_error_reads_never_outweighs_its_status(scene: Scene, pieces: list[bytes], ends: bool):
    answer = await scene.ask(*pieces, ends=ends)

    assert (answer.status, answer.retry_after) == (503, "7")
    assert not scene.connection.is_open


@pytest.mark.parametrize("reason", [None, ConnectionResetError("reset")])
async def test_closed_before_an_answer(scene: Scene, reason: Exception | None):
    asked = asyncio.ensure_future(scene.connection.exchange(REQUEST, operation="labs", max_bytes=10))
    await asyncio.sleep(0)
    scene.connection.connection_lost(reason)

    with pytest.raises(ConnectionError):
        await asked
    with pytest.raises(ConnectionError):
        await scene.connection.exchange(REQUEST, operation="labs", max_bytes=10)


async def test_who_gives_up_leaves_no_answer_behind_for_the_next(scene: Scene):
    asked = asyncio.ensure_future(scene.connection.exchange(REQUEST, operation="labs", max_bytes=10))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert scene.wire.is_aborted
    assert not scene.connection.is_open
