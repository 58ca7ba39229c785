"""While the database is gone every route says so and when to come back; nothing is a fault, and all heals."""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.api.test_access import ROUTES
from tests.integration.api.test_routes import BODIES
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEED_NO_DATABASE = {
    ("GET", "/api/v1/me"),  # whoever has the bootstrap token
    ("GET", "/api/v1/stream"),
    ("GET", "/metrics"),
    ("DELETE", "/api/v1/session"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gone(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """A service whose database is away for all tests of the module but the last."""
    folder = tmp_path_factory.mktemp("gone") / "data"
    async with running_service(folder, workers=1) as service:
        await service.adopt_all()
        await service.token_of("viewer")
        await service.service.storage.database.close()
        with _away(folder):
            yield service


@contextmanager
def _away(folder: Path) -> Generator[None]:
    away = folder.with_name("away")
    folder.rename(away)
    try:
        yield
    finally:
        if folder.exists():
            folder.rmdir()
        away.rename(folder)


def _at(path: str) -> str:
    return path.replace("{worker_id}", "w-1").replace("{operation_id}", "o-1").replace("{token_id}", "t-1")


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in NEED_NO_DATABASE])
async def test_a_route_says_so_and_when_to_come_back(gone: RunningService, method: str, path: str) -> None:
    body: Any = BODIES.get((method, path), {})
    if "password" in body:
        body = body | {"password": "long enough for a password"}
    answer = await gone.client.request(method, _at(path).replace("{user_id}", "u-1"), json=body)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "database" in answer.json()["detail"]


async def test_alive_but_not_ready(gone: RunningService) -> None:
    assert (await gone.client.get("/healthz", headers=gone.as_(None))).status_code == 200
    stranger = await gone.client.get("/readyz", headers=gone.as_(None))
    assert (stranger.status_code, stranger.json()) == (503, {"status": "not ready"})
    known = await gone.client.get("/readyz")
    assert known.status_code == 503
    assert known.json()["parts"]["database"] != "ok"
    of_the_database = await gone.client.get("/readyz", headers=gone.as_(gone.tokens["viewer"]))
    assert (of_the_database.status_code, of_the_database.json()) == (503, {"status": "not ready"})


async def test_a_token_that_cannot_be_looked_up_is_no_wrong_token(gone: RunningService) -> None:
    answer = await gone.client.get("/api/v1/me", headers=gone.as_(gone.tokens["viewer"]))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


async def test_it_heals_by_itself(tmp_path: Path) -> None:
    async with running_service(tmp_path / "data", workers=1) as service:
        await service.adopt_all()
        await service.service.storage.database.close()
        with _away(tmp_path / "data"):
            assert (await service.client.get("/api/v1/workers")).status_code == 503
        assert (await service.client.get("/api/v1/workers")).json()["total"] == 1
        assert (await service.client.get("/readyz")).status_code == 200
