"""One request and its answer, as the routes see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NewType, cast
from urllib.parse import parse_qs

import orjson

if TYPE_CHECKING:
    from cmlfleet.simulator.controller.users import User

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html"
YAML = "application/x-yaml"

Wire = NewType("Wire", bytes)
"""A whole answer as it goes over the connection."""

Json = dict[str, Any] | list[Any] | str | float | bool | None

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Delivery(Enum):
    """How an answer reaches the caller, or does not."""

    WHOLE = 1
    NEVER = 2
    CLOSED = 3
    DRIPPING = 4
    ENDLESS = 5


class Answer:
    """Status, body and how long the server works on it (simulated seconds)."""

    __slots__ = (
        "_body",
        "_body_length",
        "_wire",
        "content_type",
        "delivery",
        "drip_seconds",
        "headers",
        "status",
        "takes_seconds",
    )

    def __init__(
        self,
        *,
        status: int,
        body: bytes = b"",
        content_type: str = JSON,
        headers: tuple[tuple[str, str], ...] = (),
        takes_seconds: float = 0.0,
        delivery: Delivery = Delivery.WHOLE,
    ) -> None:
        self.status = status
        self._body = body
        self.content_type = content_type
        self.headers = headers
        self.takes_seconds = takes_seconds
        self.delivery = delivery
        self.drip_seconds = 0.0
        self._body_length = len(body)
        self._wire = Wire(b"")

    @property
    def body(self) -> bytes:
        return self._wire[len(self._wire) - self._body_length :] if self._wire else self._body

    @property
    def wire(self) -> Wire:
        return self.rendered()._wire

    def rendered(self) -> "Answer":
        """Itself, as one run of bytes: sending it again costs nothing, keeping it little memory."""
        if not self._wire:
            self._wire = Wire(self.head + self._body)
            self._body = b""
        return self

    @property
    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}", "Server: nginx"]
        if self.status != HTTPStatus.NO_CONTENT:
            lines += [f"Content-Type: {self.content_type}", f"Content-Length: {self._body_length}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "Connection: keep-alive", "", ""]).encode()


def json_answer(value: object, *, status: int = 200) -> Answer:
    return Answer(status=status, body=orjson.dumps(value))


def no_content(*, status: int = 204, takes_seconds: float = 0.0) -> Answer:
    """An empty body: most writes answer so."""
    return Answer(status=status, takes_seconds=takes_seconds)


def html_answer(status: int) -> Answer:
    """nginx's own page, without a version."""
    title = f"{status} {_REASONS.get(status, 'Error')}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status=status, body=page.encode(), content_type=HTML)


class ApiError(Exception):
    """An error the API process itself makes."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description

    @property
    def answer(self) -> Answer:
        return json_answer({"description": self.description, "code": self.status}, status=self.status)


def not_found(kind: str, identifier: str) -> ApiError:
    """The very words by which Cisco's client knows that an object is gone."""
    return ApiError(404, f"{kind} not found: {identifier}")


class InvalidInputError(ApiError):
    """A body or parameter of the wrong shape: 400, since 2.9 with the findings as JSON inside a string.

    `summary` says the same in the plain text of the versions before.
    """

    def __init__(self, *, location: tuple[str | int, ...], kind: str, message: str) -> None:
        self.summary = f"Input validation failed: {'.'.join(map(str, location))}: {message}"
        finding = {"location": list(location), "type": kind, "message": message}
        super().__init__(400, orjson.dumps({"Input validation failed": [finding]}).decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler may look at. `user` is the signed-in user, or None on the public routes."""

    method: str
    path: str
    query_text: str
    body: bytes
    token: str | None
    user: "User | None"
    parameters: Mapping[str, str]

    def query(self, name: str, default: str | None = None) -> str | None:
        values = parse_qs(self.query_text, keep_blank_values=True).get(name)
        return values[-1] if values else default

    def flag(self, name: str, *, default: bool | None = False) -> bool | None:
        """A boolean of the query. Raises `InvalidInputError`."""
        text = self.query(name)
        if text is None:
            return default
        if text.lower() in ("true", "1", "yes", "on"):
            return True
        if text.lower() in ("false", "0", "no", "off"):
            return False
        raise InvalidInputError(
            location=("query", name),
            kind="bool_parsing",
            message="Input should be a valid boolean, unable to interpret input",
        )

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def caller(self) -> "User":
        """The signed-in user of a route that asks for one."""
        if self.user is None:
            raise ApiError(401, "401: No authorization token provided.")
        return self.user

    def json(self) -> Json:
        """Raises `InvalidInputError` for a body that is not JSON."""
        try:
            return cast("Json", orjson.loads(self.body))
        except orjson.JSONDecodeError as error:
            raise InvalidInputError(
                location=("body",), kind="json_invalid", message=f"JSON decode error: {error}"
            ) from None

    def json_object(self) -> dict[str, Any]:
        value = self.json()
        if not isinstance(value, dict):
            raise InvalidInputError(
                location=("body",),
                kind="model_attributes_type",
                message="Input should be a valid dictionary or object to extract fields from",
            )
        return value
