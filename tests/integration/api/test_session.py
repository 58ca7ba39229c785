"""Signing in with a browser: the cookie, what it may do, and what ends it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx2
import pytest
import time_machine
from tests.support.service import BOOTSTRAP_TOKEN, RunningService

from cmlfleet.api.browser import CONSOLE_HEADER, SESSION_COOKIE
from cmlfleet.application.clock import utc_now
from cmlfleet.application.commands.session_commands import LONGEST, LONGEST_IDLE

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = {CONSOLE_HEADER: "cmlfleet-console"}


def browser(service: RunningService) -> httpx2.AsyncClient:
    """Without a token, with a jar of its own."""
    return httpx2.AsyncClient(base_url=service.url, timeout=30)


@asynccontextmanager
async def signed_in(service: RunningService, token: str = BOOTSTRAP_TOKEN) -> AsyncGenerator[httpx2.AsyncClient]:
    async with browser(service) as client:
        answer = await client.post("/api/v1/session", json={"token": token})
        assert answer.status_code == 200, answer.text
        yield client


async def test_a_token_opens_a_session_that_scripts_and_other_sites_cannot_use(service: RunningService) -> None:
    async with browser(service) as client:
        answer = await client.post("/api/v1/session", json={"token": BOOTSTRAP_TOKEN})
        assert answer.json() == {"name": "bootstrap", "kind": "bootstrap", "role": "admin", "limit": None}
        words = {word.strip().lower() for word in answer.headers["Set-Cookie"].split(";")}
        assert {"httponly", "samesite=strict", "path=/"} <= words
        assert "secure" not in words
        assert (await client.get("/api/v1/me")).json() == {
            "name": "bootstrap",
            "kind": "bootstrap",
            "role": "admin",
            "limit": None,
        }


@pytest.mark.parametrize("token", ["wrong", "x" * 1000, f"{BOOTSTRAP_TOKEN} "])
async def test_a_wrong_token_opens_nothing(service: RunningService, token: str) -> None:
    async with browser(service) as client:
        answer = await client.post("/api/v1/session", json={"token": token})
        assert answer.status_code == 401
        assert "Set-Cookie" not in answer.headers


async def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(service: RunningService) -> None:
    async with signed_in(service) as client:
        kept = client.cookies[SESSION_COOKIE]
        assert (await client.delete("/api/v1/session", headers=OURS)).status_code == 204
        assert SESSION_COOKIE not in client.cookies
        answer = await client.get("/api/v1/me", headers={"Cookie": f"{SESSION_COOKIE}={kept}"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**OURS, "Origin": "https://elsewhere.example"},
        {**OURS, "Origin": "null"},
        {**OURS, "Sec-Fetch-Site": "cross-site"},
        {**OURS, "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_session_changes_nothing_for_another_site_s_page(
    service: RunningService, headers: dict[str, str]
) -> None:
    worker_id = (await service.workers())[0]["id"]
    async with signed_in(service) as client:
        answer = await client.patch(f"/api/v1/workers/{worker_id}", json={"note": "forged"}, headers=headers)
        assert answer.status_code == 403, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        reading = await client.get(f"/api/v1/workers/{worker_id}", headers=headers)
        assert reading.json()["note"] is None


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_site_s_page_cannot_sign_its_visitor_in(
    service: RunningService, headers: dict[str, str]
) -> None:
    async with browser(service) as client:
        answer = await client.post("/api/v1/session", json={"token": BOOTSTRAP_TOKEN}, headers=headers)
        assert answer.status_code == 403


async def test_our_own_page_changes_things(service: RunningService) -> None:
    worker_id = (await service.workers())[1]["id"]
    for site in ({"Origin": service.url}, {"Sec-Fetch-Site": "same-origin"}, {}):
        async with signed_in(service) as client:
            answer = await client.patch(
                f"/api/v1/workers/{worker_id}", json={"note": "ours"}, headers={**OURS, **site}
            )
            assert answer.status_code == 200, answer.text


async def test_a_session_has_its_token_s_role_and_ends_with_it(service: RunningService) -> None:
    made = (await service.client.post("/api/v1/tokens", json={"name": "guest", "role": "viewer"})).json()
    async with signed_in(service, made["token"]) as client:
        assert (await client.get("/api/v1/workers")).status_code == 200
        assert (await client.post("/api/v1/workers/refresh", json={}, headers=OURS)).status_code == 403
        await service.client.delete(f"/api/v1/tokens/{made['record']['id']}")
        assert (await client.get("/api/v1/workers")).status_code == 401


async def test_a_session_ends_when_it_was_left_alone_or_is_old(service: RunningService) -> None:
    begun = utc_now()
    async with signed_in(service) as client:

        async def status(at: datetime) -> int:
            with time_machine.travel(at, tick=True):
                return (await client.get("/api/v1/me")).status_code

        used = begun
        while used - begun < LONGEST - LONGEST_IDLE:
            used += LONGEST_IDLE - timedelta(minutes=1)
            assert await status(used) == 200
        assert await status(used + LONGEST_IDLE - timedelta(minutes=1)) == 401
        assert await status(used + LONGEST_IDLE + timedelta(seconds=1)) == 401
    async with signed_in(service) as client:
        assert await status(utc_now() + LONGEST_IDLE + timedelta(seconds=1)) == 401


async def test_a_header_that_is_no_bearer_token_is_not_made_up_for_by_a_cookie(service: RunningService) -> None:
    async with signed_in(service) as client:
        answer = await client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
