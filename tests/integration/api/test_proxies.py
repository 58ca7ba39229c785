"""What a proxy says of whom it speaks for is believed of configured proxies alone."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.service import BOOTSTRAP_TOKEN, RunningService, running_service

from cmlfleet.application.attempt_limits import OF_AN_ADDRESS

PROXY, SOMEBODY_ELSE = "127.0.0.9", "127.0.0.8"
CLAIMS = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[RunningService]:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own, which says nothing here
    async with running_service(tmp_path, trusted_proxies=f"{PROXY}/32") as running:
        yield running


@asynccontextmanager
async def _from(service: RunningService, address: str) -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    async with httpx2.AsyncClient(base_url=service.url, transport=transport, timeout=30) as client:
        yield client


async def _guess(client: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
    body = {"username": "nobody", "password": "a guess at a password"}
    return await client.post("/api/v1/session", json=body, headers=headers)


async def _last_address(service: RunningService) -> Any:
    answer = await service.client.get("/api/v1/audit", params={"action": "SignInCommand", "limit": 1})
    return answer.json()["items"][0]["address"]


async def test_a_configured_proxy_says_who_asks_and_how(service: RunningService) -> None:
    async with _from(service, PROXY) as proxy:
        answer = await _guess(proxy, **CLAIMS)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert await _last_address(service) == "203.0.113.7"


async def test_over_tls_the_cookie_is_for_tls_alone(service: RunningService) -> None:
    async with _from(service, PROXY) as proxy:
        for claims, secure in ((CLAIMS, True), ({}, False)):
            answer = await proxy.post("/api/v1/session", json={"token": BOOTSTRAP_TOKEN}, headers=claims)
            assert ("secure" in answer.headers["Set-Cookie"].lower()) is secure


async def test_only_what_the_proxy_itself_added_counts(service: RunningService) -> None:
    async with _from(service, PROXY) as proxy:
        await _guess(proxy, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
    assert await _last_address(service) == "203.0.113.7"


async def test_nobody_else_is_believed(service: RunningService) -> None:
    async with _from(service, SOMEBODY_ELSE) as stranger:
        answer = await _guess(stranger, **CLAIMS)
    assert "strict-transport-security" not in answer.headers
    assert await _last_address(service) == SOMEBODY_ELSE


async def test_by_default_nobody_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    async with running_service(tmp_path) as service:
        answer = await _guess(service.client, **CLAIMS)
        assert "strict-transport-security" not in answer.headers
        assert await _last_address(service) == "127.0.0.1"


async def test_addresses_of_one_ipv6_network_are_one_guesser(service: RunningService) -> None:
    async with _from(service, PROXY) as proxy:
        for number in range(OF_AN_ADDRESS.most):
            body = {"username": f"user {number}", "password": "a guess at a password"}
            headers = {"X-Forwarded-For": f"2001:db8:1:2:{number:x}::1"}
            assert (await proxy.post("/api/v1/session", json=body, headers=headers)).status_code == 401
        same = await _guess(proxy, **{"X-Forwarded-For": "2001:db8:1:2:ffff::1"})
        other = await _guess(proxy, **{"X-Forwarded-For": "2001:db8:1:3::1"})
    assert (same.status_code, other.status_code) == (429, 401)
