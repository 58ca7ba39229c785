"""What is wrong with a body or a time is said together with what is allowed."""

from typing import Any

import pytest
from tests.support.service import RunningService

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("/api/v1/workers/refresh", {"json": {"foo": 1}}, ["'foo'", "worker_ids", "region", "label"]),
        ("/api/v1/tokens", {"json": {"name": "x", "role": "viewer", "limit": {"a{b}": 1}}}, ["'a{b}'", "accounts"]),
        ("/api/v1/tokens", {"json": {"name": "x", "role": "king"}}, ["'king'", "viewer, operator, admin"]),
        ("/api/v1/tokens", {"content": "{", "headers": JSON}, ["not JSON"]),
        ("/api/v1/tokens", {"content": "name=x", "headers": FORM}, ["application/json"]),
        ("/api/v1/tokens", {}, ["application/json"]),
        ("/api/v1/tokens", {"json": [1]}, ["a JSON object"]),
    ],
)
async def test_a_body_that_is_refused(
    service: RunningService, path: str, sent: dict[str, Any], told: list[str]
) -> None:
    answer = await service.client.post(path, **sent)
    assert answer.status_code == 422, answer.text
    for words in told:
        assert words in answer.json()["detail"]


async def test_a_time_that_is_none(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/events", params={"from": "yesterday"})
    assert answer.status_code == 422, answer.text
    assert "a time, such as 2026-" in answer.json()["detail"]
