"""A listener to the event stream, as a browser's EventSource is one: it keeps the id that it saw last."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.waiting import until


@dataclass(frozen=True)
class Received:
    """One event."""

    id: str
    event: str
    data: Any


@dataclass
class Listener:
    """Everything that came; `last_event_id` is set by what carries an id alone, too."""

    events: list[Received] = field(default_factory=list[Received])
    last_event_id: str | None = None
    comments: list[str] = field(default_factory=list[str])
    heard_of: bool = False
    ended: bool = False

    async def gets(self, event: str, *, count: int = 1) -> list[Received]:
        """Wait for that many of a kind."""
        await until(
            lambda: len(self.of(event)) >= count, timeout_seconds=15, what=f"{count} of {event}: {self.events}"
        )
        return self.of(event)

    def of(self, event: str) -> list[Received]:
        """Those of a kind so far."""
        return [received for received in self.events if received.event == event]

    def changes_of(self, worker_id: str) -> list[dict[str, Any]]:
        """What `worker.updated` said of one worker so far."""
        return [
            received.data["changes"] for received in self.of("worker.updated") if received.data["id"] == worker_id
        ]

    async def read(self, response: httpx2.Response) -> None:
        """Until the stream ends."""
        event, data = "message", list[str]()
        try:
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                match name:
                    case "id":
                        self.last_event_id = value
                        self.heard_of = True
                    case "event":
                        event = value
                    case "data":
                        data.append(value)
                    case "" if line:
                        self.comments.append(value)
                    case "":
                        if data:
                            self.events.append(Received(self.last_event_id or "", event, json.loads("\n".join(data))))
                        event, data = "message", []
                    case _:
                        raise AssertionError(f"not an event stream: {line!r}")
        finally:
            self.ended = True


@asynccontextmanager
async def listening(
    client: httpx2.AsyncClient, *, last_event_id: str | None = None, **headers: str
) -> AsyncGenerator[Listener]:
    """Listen until the end of the block; listening has begun when it begins."""
    listener = Listener(last_event_id=last_event_id)
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with client.stream("GET", "/api/v1/stream", headers=headers, timeout=None) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        reading = asyncio.ensure_future(listener.read(response))
        try:
            await until(lambda: listener.heard_of or reading.done(), what="the first words")
            if reading.done():
                reading.result()
            yield listener
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
