"""Whoever follows the event stream, in a thread of its own."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.product import TOKEN


@dataclass
class Heard:
    """One server-sent event."""

    id: str
    event: str
    data: dict[str, Any]


@dataclass
class EventListener:
    """Listens from the moment it is made, or from behind an event; `heard` grows."""

    url: str
    last_event_id: str | None = None
    token: str = TOKEN
    heard: list[Heard] = field(default_factory=list[Heard])
    is_listening: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = self.last_event_id
        self._client = httpx2.Client(base_url=self.url, headers=headers, timeout=httpx2.Timeout(30, read=None))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def updates(self) -> list[tuple[str, int]]:
        """Workers and versions, in the order they were heard of."""
        return [(each.data["id"], each.data["version"]) for each in self.heard if each.event == "worker.updated"]

    @property
    def has_ended(self) -> bool:
        """The service ended the stream."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", "/api/v1/stream") as answer:
                answer.raise_for_status()
                message: dict[str, str] = {}
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if line:
                        message[name] = value
                        continue
                    self._take(message)
                    message = {}
        except httpx2.HTTPError:
            return

    def _take(self, message: dict[str, str]) -> None:
        if "id" in message:
            self.last_event_id = message["id"]
        self.is_listening.set()
        if "event" in message:
            heard = Heard(message.get("id", ""), message["event"], json.loads(message["data"]))
            self.heard.append(heard)
