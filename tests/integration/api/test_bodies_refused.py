"""What is wrong with a body or a time is said together with what is allowed."""

import json
import re
from typing import Any

import pytest
from tests.support.service import RunningService

from cmlfleet.api.patterns import TEXT, WORDS

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("/api/v1/workers/refresh", {"json": {"foo": 1}}, ["'foo'", "worker_ids", "region", "label"]),
        ("/api/v1/tokens", {"json": {"name": "x", "role": "viewer", "limit": {"a{b}": 1}}}, ["'a{b}'", "accounts"]),
        ("/api/v1/tokens", {"json": {"name": "x", "role": "king"}}, ["'king'", "viewer, operator, admin"]),
        (
            "/api/v1/tokens",
            {"json": {"name": "x", "role": "viewer", "limit": {"labels": ["team"]}}},
            ["body.limit.labels.0: give a label as key=value"],
        ),
        ("/api/v1/tokens", {"json": {"name": "a\0b", "role": "viewer"}}, ["body.name: text must not hold a NUL"]),
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


@pytest.mark.parametrize(
    ("labels", "told"),
    [({"a=b": "c"}, "a label's key must not hold ="), ({"a": "b\x1f"}, "a label's value must not hold")],
)
async def test_a_label_that_is_refused(service: RunningService, labels: dict[str, str], told: str) -> None:
    answer = await service.client.patch("/api/v1/workers/w-1", json={"labels": labels})
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]
    assert "pattern" not in answer.json()["detail"]


async def test_every_pattern_of_the_document_has_its_words(service: RunningService) -> None:
    document = json.dumps((await service.client.get("/api/v1/openapi.json")).json())
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', document))
    of_roles = '"^(viewer|operator|admin)$"'
    assert TEXT in {json.loads(each) for each in patterns - {of_roles}} <= set(WORDS)


async def test_a_time_that_is_none(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/events", params={"from": "yesterday"})
    assert answer.status_code == 422, answer.text
    assert "a time, such as 2026-" in answer.json()["detail"]
