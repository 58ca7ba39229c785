"""Whatever is sent, the answer is one that the OpenAPI document describes, and never a 500."""

# pyright: reportUntypedFunctionDecorator=false

import asyncio
import itertools
import threading
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
import uvloop
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.service import BOOTSTRAP_TOKEN, running_service

from cmlfleet.api.app import OPEN, bare_app, openapi_of

EXAMPLES = 25  # of each route: some 1,500 requests in all
EXAMPLES_OF_OTHERS = 5
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
WORKERS = 12
SIGN_IN = ("/api/v1/session", "/api/v1/session/set-up")  # open to whoever has something to show
OF_ONESELF = "/api/v1/session/everywhere"
FOR_ADMINS = ("/api/v1/tokens", "/api/v1/users", "/api/v1/audit")
STREAM = "/api/v1/stream"  # never ends: it has tests of its own
_START_SECONDS = 30.0

DOCUMENT = openapi_of(bare_app())
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=STREAM)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The service in a thread of its own: schemathesis blocks."""
    started, stop = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve(folder: Path) -> None:
        async with running_service(folder, workers=WORKERS) as running:
            await running.adopt_all()
            found.append(running.url)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: uvloop.run(serve(tmp_path_factory.mktemp("fuzzed"))), daemon=True)
    thread.start()
    assert started.wait(_START_SECONDS), "the service did not start"
    yield found[0]
    stop.set()
    thread.join(_START_SECONDS)


@pytest.fixture(scope="module")
def worker_ids(url: str) -> Iterator[str]:
    """Every worker in turn: one is forgotten by the fuzzer now and then."""
    answer = httpx2.get(f"{url}/api/v1/workers", headers=_signed_in())
    return itertools.cycle([worker["id"] for worker in answer.json()["items"]])


def _examples(most: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


@schema.parametrize()
@_examples(EXAMPLES)
def test_with_a_token(case: Any, url: str) -> None:
    case.call_and_validate(base_url=url, checks=CHECKS, headers=_signed_in())


@schema.include(path_regex=r"/workers/\{worker_id\}").parametrize()
@_examples(EXAMPLES)
def test_of_a_worker_that_exists(case: Any, url: str, worker_ids: Iterator[str]) -> None:
    case.path_parameters["worker_id"] = next(worker_ids)
    case.call_and_validate(base_url=url, checks=CHECKS, headers=_signed_in())


@schema.parametrize()
@_examples(EXAMPLES_OF_OTHERS)
def test_without_a_token(case: Any, url: str) -> None:
    answer = case.call_and_validate(base_url=url, checks=CHECKS)
    if case.path in SIGN_IN:
        assert answer.status_code not in (200, 204)
    elif (case.method.lower(), case.path) not in OPEN:
        assert answer.status_code in (401, 404, 405), answer.text


@schema.parametrize()
@_examples(EXAMPLES_OF_OTHERS)
def test_as_a_viewer(case: Any, url: str) -> None:
    answer = case.call_and_validate(base_url=url, checks=CHECKS, headers=_as(url, "viewer"))
    if answer.status_code < 300 and case.path not in (*SIGN_IN, OF_ONESELF):
        assert case.method.upper() == "GET", answer.text


@schema.parametrize()
@_examples(EXAMPLES_OF_OTHERS)
def test_as_an_operator(case: Any, url: str) -> None:
    answer = case.call_and_validate(base_url=url, checks=CHECKS, headers=_as(url, "operator"))
    if case.path.startswith(FOR_ADMINS):
        assert answer.status_code >= 400, answer.text


@schema.parametrize()
@_examples(EXAMPLES_OF_OTHERS)
def test_as_an_admin_of_one_team(case: Any, url: str) -> None:
    answer = case.call_and_validate(base_url=url, checks=CHECKS, headers=_as(url, "admin", "team=nobody's"))
    assert b'"w-' not in answer.content


@cache
def _as(url: str, role: str, label: str | None = None) -> dict[str, str]:
    limit = None if label is None else {"labels": [label]}
    body = {"name": f"fuzzing as {role}", "role": role, "limit": limit}
    made = httpx2.post(f"{url}/api/v1/tokens", json=body, headers=_signed_in()).json()
    return {"Authorization": f"Bearer {made['token']}"}


def _signed_in() -> dict[str, str]:
    return {"Authorization": f"Bearer {BOOTSTRAP_TOKEN}"}
