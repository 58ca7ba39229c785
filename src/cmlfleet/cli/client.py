"""Talking HTTP to the service, with errors that say what to do."""

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2

from cmlfleet.cli.exit_codes import FAILED, NOT_ALLOWED, NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.login import service_url, token

TIMEOUT_SECONDS = 60.0
PAGE = 1000
_STATUSES = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND, 422: USAGE}


class Client:
    """The API at `CMLFLEET_URL`. Each method raises CommandFailed."""

    def __init__(self) -> None:
        self._http = httpx2.Client(
            base_url=service_url(), headers={"Authorization": f"Bearer {token()}"}, timeout=TIMEOUT_SECONDS
        )

    def get(self, path: str, parameters: dict[str, Any] | list[tuple[str, str]] | None = None) -> Any:
        """The answer's JSON."""
        return self._send("GET", path, params=parameters)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; None for an empty one."""
        return self._send(method, path, json=body)

    def everything(self, path: str, parameters: list[tuple[str, str]]) -> Iterator[Any]:
        """All items of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, [*parameters, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])])
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def worker(self, name: str) -> dict[str, Any]:
        """A worker by its id, its instance id or its unique name."""
        if name.startswith("w-"):
            return self.get(f"/api/v1/workers/{name}")
        field = "instance_id" if name.startswith("i-") else "name"
        found = self.get("/api/v1/workers", [(f"{field}.eq", name), ("limit", "10")])["items"]
        if not found:
            raise CommandFailed(f"no worker is called {name!r}; `cmlfleet workers list` shows them", status=NOT_FOUND)
        if len(found) > 1:
            ids = ", ".join(f"{worker['id']} ({worker['region']})" for worker in found)
            raise CommandFailed(f"several workers are called {name!r}: {ids}", status=USAGE)
        return found[0]

    def lines(self, path: str, parameters: Sequence[tuple[str, str]]) -> Iterator[str]:
        """The lines of an answer, however many, as they come."""
        with self._reached(), self._http.stream("GET", path, params=tuple(parameters)) as response:
            self._check(response)
            yield from response.iter_lines()

    @contextmanager
    def stream(self) -> Generator[Iterator[tuple[str, dict[str, Any]]]]:
        """Server-sent events as pairs of event and data."""
        with self._reached(), self._http.stream("GET", "/api/v1/stream", timeout=None) as response:
            self._check(response)
            yield _events(response.iter_lines())

    def _send(self, method: str, path: str, **options: Any) -> Any:
        with self._reached():
            response = self._http.request(method, path, **options)
        self._check(response)
        return json.loads(response.content) if response.content else None

    @contextmanager
    def _reached(self) -> Generator[None]:
        try:
            yield
        except httpx2.ConnectError:
            raise CommandFailed(
                f"no service answers at {service_url()}: start it with `cmlfleet serve` "
                "(`make run` for the demo), or set CMLFLEET_URL"
            ) from None
        except httpx2.HTTPError as error:
            raise CommandFailed(f"{service_url()} did not answer as it should: {error!r}") from None

    def _check(self, response: httpx2.Response) -> None:
        if response.status_code < 400:
            return
        response.read()
        try:
            detail = response.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = response.text[:500]
        hint = (
            "\n`cmlfleet token create --role operator --name me` makes a token" if response.status_code == 401 else ""
        )
        raise CommandFailed(f"{detail}{hint}", status=_STATUSES.get(response.status_code, FAILED))


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    event = "message"
    for line in lines:
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            yield event, json.loads(line[5:])
