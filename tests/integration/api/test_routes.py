"""Every route dispatches messages that the table of access knows, or is known to hold no data."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from cmlfleet.api.app import bare_app
from cmlfleet.application.access import ACCESS
from cmlfleet.application.errors import NotAllowed
from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal, Role
from cmlfleet.composition import Service
from cmlfleet.settings import load_settings

HOLD_NO_DATA = {
    ("GET", "/healthz"),
    ("HEAD", "/healthz"),
    ("GET", "/readyz"),
    ("HEAD", "/readyz"),
    ("GET", "/api/docs"),
    ("GET", "/api/v1/openapi.json"),
}
QUERIES = {("GET", "/api/v1/session/openid/callback"): {"code": "c", "state": "s"}}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/users"): {"name": "x", "role": "viewer", "password": "p"},
    ("POST", "/api/v1/session/set-up"): {"code": "c", "username": "x", "password": "p"},
    ("PUT", "/api/v1/session/password"): {"present": "p", "new": "n"},
    ("POST", "/api/v1/session"): {"token": "anyone"},
    ("POST", "/api/v1/tokens"): {"name": "x", "role": "viewer"},
    ("POST", "/api/v1/workers/import"): {"region": "us-east-1", "instance_ids": ["i-1"]},
    ("PUT", "/api/v1/workers/{worker_id}/credentials"): {"username": "u", "password": "p"},
    ("PUT", "/api/v1/workers/{worker_id}/certificate"): {"fingerprint": "ab" * 32},
}
"""What a route must be sent to dispatch at all."""


class RecordingMediator:
    """Refuses everything, and remembers what it was."""

    def __init__(self) -> None:
        self.asked: list[type[Message[Any]]] = []

    async def execute_async(self, message: Message[Any], principal: Principal) -> Any:
        self.asked.append(type(message))
        raise NotAllowed(principal, Role.ADMIN, type(message).__name__)


class Anyone:
    async def holder_of_token(self, token: str) -> Principal:
        return Principal(token, Role.VIEWER)


MEDIATOR = RecordingMediator()
APP = bare_app()
APP.state.mediator = MEDIATOR
APP.state.authenticator = Anyone()
APP.state.metrics_public = False
ROUTES = sorted(
    (method, route.path or "") for route in iter_route_contexts(APP.routes) for method in route.methods or ()
)


@pytest.fixture
async def client() -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=APP)
    headers = {"Authorization": "Bearer anyone"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://cmlfleet", headers=headers) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in HOLD_NO_DATA])
async def test_a_route_only_dispatches_what_the_table_knows(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    MEDIATOR.asked.clear()
    answer = await client.request(
        method, path, json=BODIES.get((method, path), {}), params=QUERIES.get((method, path))
    )
    assert answer.status_code == 403, f"{answer.text}: does it dispatch? Does it need a body?"
    assert MEDIATOR.asked
    assert set(MEDIATOR.asked) <= set(ACCESS)


async def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/tokens/t-1")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE")
    assert "DELETE" in answer.json()["detail"]


def test_the_routes_that_hold_no_data_exist() -> None:
    assert set(ROUTES) >= HOLD_NO_DATA


def test_every_registered_message_is_in_the_table(tmp_path: Path) -> None:
    service = Service(load_settings(environ={"CMLFLEET_DATA_DIR": str(tmp_path)}))
    assert service.mediator.messages == set(ACCESS)
