"""Listeners that fall behind, and the end of the process."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.workers import NOW, new_state

from cmlfleet.api import stream
from cmlfleet.api.stream import StreamHub
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[StreamHub]:
    monkeypatch.setattr(stream, "COALESCE_SECONDS", 0.0)
    monkeypatch.setattr(stream, "LISTENER_QUEUE", 10)
    monkeypatch.setattr(stream, "KEPT_MESSAGES", 10)
    hub = StreamHub(clock=lambda: NOW)
    yield hub
    hub.close()


def _worker(number: int = 1, version: int = 1) -> CMLWorkerState:
    return replace(new_state(), id=WorkerId(f"w-{number}"), version=version)


def _forget(hub: StreamHub, number: int) -> None:
    """Two messages at once: the removal and the sum."""
    hub.follow(_worker(number), None)


async def _heard(messages: AsyncGenerator[dict[str, Any]]) -> list[dict[str, Any]]:
    """All there is, to the end of the stream."""
    return [message async for message in messages]


async def test_a_listener_too_far_behind_is_told_to_read_all_again_and_comes_back_without_a_second_reset(
    hub: StreamHub,
) -> None:
    messages = hub.listen(None)
    beginning = await anext(messages)
    for number in range(40):
        _forget(hub, number)
    rest = await _heard(messages)
    assert "data" not in beginning
    assert [message["event"] for message in rest] == ["reset"]
    again = hub.listen(rest[0]["id"])
    _forget(hub, 99)
    assert (await anext(again))["event"] == "worker.removed"
    await again.aclose()


async def test_one_that_is_behind_costs_nobody_else_anything(hub: StreamHub) -> None:
    slow, quick = hub.listen(None), hub.listen(None)
    await anext(slow)
    await anext(quick)
    heard: list[str] = []
    for number in range(40):
        _forget(hub, number)
        heard += [(await anext(quick))["event"], (await anext(quick))["event"]]
    assert heard == ["worker.removed", "fleet.updated"] * 40
    assert [message["event"] for message in await _heard(slow)] == ["reset"]
    await quick.aclose()


async def test_what_is_no_longer_kept_cannot_be_resumed(hub: StreamHub) -> None:
    messages = hub.listen(None)
    await anext(messages)
    _forget(hub, 0)
    seen = (await anext(messages))["id"]
    await messages.aclose()
    for number in range(20):
        _forget(hub, number)
    again = hub.listen(seen)
    assert (await anext(again))["event"] == "reset"
    await again.aclose()


async def test_the_end_of_the_process_ends_streams_and_is_no_reset_of_its_own(hub: StreamHub) -> None:
    messages = hub.listen(None)
    await anext(messages)
    hub.close()
    assert await _heard(messages) == []


async def test_an_id_of_the_process_before_is_one_reset(hub: StreamHub) -> None:
    before = StreamHub(clock=lambda: NOW)
    messages = before.listen(None)
    seen = (await anext(messages))["id"]
    await messages.aclose()
    again = hub.listen(seen)
    assert (await anext(again))["event"] == "reset"
    _forget(hub, 1)
    assert (await anext(again))["event"] == "worker.removed"
    await again.aclose()


async def test_while_nobody_listens_nothing_is_made_and_whoever_was_away_too_long_is_told(
    hub: StreamHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "AWAITED_SECONDS", -1.0)
    messages = hub.listen(None)
    seen = (await anext(messages))["id"]
    await messages.aclose()
    hub.follow(_worker(version=1), _worker(version=2))
    for _ in range(5):
        await asyncio.sleep(0)
    again = hub.listen(seen)
    assert (await anext(again))["event"] == "reset"
    await again.aclose()


@pytest.mark.parametrize("number", ["", "-1", "1.0", "\N{SUPERSCRIPT TWO}", "9" * 5000])
async def test_numbers_that_are_none_are_a_reset(hub: StreamHub, number: str) -> None:
    messages = hub.listen(None)
    epoch = (await anext(messages))["id"].partition("-")[0]
    await messages.aclose()
    again = hub.listen(f"{epoch}-{number}")
    assert (await anext(again))["event"] == "reset"
    await again.aclose()


async def test_a_new_worker_comes_whole_however_soon_it_is_read(hub: StreamHub) -> None:
    messages = hub.listen(None)
    await anext(messages)
    adopted, read = _worker(version=1), replace(_worker(version=2), name="read at once")
    hub.follow(None, adopted)
    hub.follow(adopted, read)
    update = json.loads((await anext(messages))["data"])
    assert update["changes"]["name"] == "read at once"
    assert update["changes"]["instance_id"] == adopted.instance_id
    await messages.aclose()
