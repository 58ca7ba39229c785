"""Talking HTTP to the service, with errors that say what to do."""

import json
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import product
from typing import Any

import httpx2

from cmlfleet.cli.exit_codes import FAILED, NOT_ALLOWED, NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.signed_in import service_url, token

TIMEOUT_SECONDS = 60.0
PAGE = 1000
_COULD_BE_ID = re.compile(r"[\w-]+", re.ASCII)
_GONE = (("status", "terminated,missing"),)  # after a day they are shown only to who asks for them
_STATUSES = {400: USAGE, 401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND, 413: USAGE, 422: USAGE}
_HOW_TO_SIGN_IN = (
    "a token is made where the service runs: cmlfleet token create --role operator --name me\n"
    "then set CMLFLEET_TOKEN, or run `cmlfleet login`"
)


class Client:
    """The API at `CMLFLEET_URL`. Each method raises CommandFailed."""

    def __init__(self, *, token_text: str | None = None) -> None:
        self._url = service_url()
        self._http = httpx2.Client(
            base_url=self._url,
            headers={"Authorization": f"Bearer {token() if token_text is None else token_text}"},
            timeout=TIMEOUT_SECONDS,
        )

    def get(self, path: str, parameters: list[tuple[str, str]] | None = None) -> Any:
        """The answer's JSON."""
        return self._send("GET", path, params=parameters)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; None for an empty one."""
        return self._send(method, path, json=body)

    def everything(self, path: str, parameters: list[tuple[str, str]], *, page: int = PAGE) -> Iterator[Any]:
        """All items of a list, page after page, as long as they are taken."""
        for found in self.pages(path, parameters, page=page):
            yield from found["items"]

    def pages(self, path: str, parameters: list[tuple[str, str]], *, page: int = PAGE) -> Iterator[Any]:
        """The same with what is said beside the items."""
        cursor: str | None = None
        while True:
            found = self.get(path, [*parameters, ("limit", str(page)), *([("cursor", cursor)] if cursor else [])])
            yield found
            cursor = found["next_cursor"]
            if cursor is None:
                return

    def worker(self, name: str) -> dict[str, Any]:
        """A worker by its id, its instance id or its unique name."""
        if _COULD_BE_ID.fullmatch(name):
            try:
                return self.get(f"/api/v1/workers/{name}")
            except CommandFailed as error:
                if error.status != NOT_FOUND:
                    raise
        for field, gone in product(("instance_id", "name"), ((), _GONE)):
            found = self.get("/api/v1/workers", [(f"{field}.eq", name), *gone, ("limit", "10")])["items"]
            if len(found) > 1:
                ids = ", ".join(f"{worker['id']} ({worker['region']})" for worker in found)
                raise CommandFailed(f"several workers are called {name!r}: {ids}", status=USAGE)
            if found:
                return found[0]
        raise CommandFailed(f"no worker is called {name!r}; `cmlfleet workers list` shows them", status=NOT_FOUND)

    def lines(self, path: str, parameters: Sequence[tuple[str, str]]) -> Iterator[str]:
        """The lines of an answer, however many, as they come."""
        with self._reached(), self._http.stream("GET", path, params=tuple(parameters)) as response:
            self._check(response)
            yield from response.iter_lines()

    def _send(self, method: str, path: str, **options: Any) -> Any:
        with self._reached():
            response = self._http.request(method, path, **options)
        self._check(response)
        try:
            return json.loads(response.content) if response.content else None
        except ValueError:
            raise CommandFailed(f"what answers at {self._url} is not cmlfleet: check CMLFLEET_URL") from None

    @contextmanager
    def _reached(self) -> Generator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            if "certificate" in str(error).lower():
                raise CommandFailed(
                    f"the certificate of {service_url()} is not trusted here ({error}): for an authority of your own "
                    "set SSL_CERT_FILE"
                ) from None
            raise CommandFailed(
                f"no service answers at {self._url}: start it with `cmlfleet serve` "
                "(`make run` for the demo), or set CMLFLEET_URL"
            ) from None
        except httpx2.TimeoutException:
            raise CommandFailed(f"{self._url} did not answer within {TIMEOUT_SECONDS:.0f} s") from None
        except httpx2.HTTPError as error:
            raise CommandFailed(f"{self._url} did not answer as it should: {error}") from None

    def _check(self, response: httpx2.Response) -> None:
        if response.is_redirect:
            elsewhere = response.headers.get("Location", "elsewhere")
            raise CommandFailed(f"{self._url} leads to {elsewhere}: set CMLFLEET_URL to where the service is")
        if response.is_success:
            return
        response.read()
        try:
            detail = str(response.json()["detail"])
        except (ValueError, KeyError, TypeError):
            detail = f"{self._url} answers {response.status_code}, and not as cmlfleet does: check CMLFLEET_URL"
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            detail = f"{detail}\n{_HOW_TO_SIGN_IN}"
        raise CommandFailed(detail, status=_STATUSES.get(response.status_code, FAILED))
