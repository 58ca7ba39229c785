"""Signing in with a password: from the first admin to being signed out everywhere."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service

from cmlfleet.application.attempt_limits import OF_A_DEVICE, OF_AN_ADDRESS
from cmlfleet.application.commands.user_commands import new_set_up_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "correct horse battery staple"
CHANGES = {"X-Requested-With": "cmlfleet"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    async with running_service(tmp_path_factory.mktemp("sign-in")) as running:
        yield running


@dataclass
class Browser:
    """One browser: it keeps cookies, and sends the console's header with every change."""

    http: httpx2.AsyncClient

    async def sign_in(self, username: str, password: str = PASSWORD) -> httpx2.Response:
        body = {"username": username, "password": password}
        return await self.http.post("/api/v1/session", json=body, headers=CHANGES)

    async def me(self) -> int:
        return (await self.http.get("/api/v1/me")).status_code


@asynccontextmanager
async def browser(service: RunningService, address: str = "127.0.0.1") -> AsyncGenerator[Browser]:
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    async with httpx2.AsyncClient(base_url=service.url, transport=transport, timeout=30) as http:
        yield Browser(http)


async def a_user(service: RunningService, name: str, role: str = "operator", **more: Any) -> dict[str, Any]:
    body = {"name": name, "role": role, "password": PASSWORD, **more}
    answer = await service.client.post("/api/v1/users", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_first_admin_is_made_with_the_code_that_was_printed_and_nobody_else_is(tmp_path: Any) -> None:
    async with running_service(tmp_path) as service, browser(service) as theirs:
        users = service.service.storage.users
        options = (await theirs.http.get("/api/v1/session/options")).json()
        assert options == {"password": False, "openid": False, "set_up": False}
        first, code = await new_set_up_code(users), await new_set_up_code(users)
        assert (await theirs.http.get("/api/v1/session/options")).json()["set_up"] is True
        body = {"username": "Ann", "password": PASSWORD}
        for wrong in (first, "", "x" * 32):
            answer = await theirs.http.post("/api/v1/session/set-up", json={"code": wrong or " ", **body})
            assert answer.status_code == 401
        short = await theirs.http.post("/api/v1/session/set-up", json={**body, "code": code, "password": "short"})
        assert short.status_code == 422
        done = await theirs.http.post("/api/v1/session/set-up", json={"code": code, **body})
        again = await theirs.http.post("/api/v1/session/set-up", json={"code": code, **body, "username": "eve"})
        assert (done.status_code, again.status_code) == (204, 401)
        assert (await theirs.sign_in("ann")).json() == {"name": "Ann", "kind": "user", "role": "admin", "limit": None}
        assert await new_set_up_code(users) is None


async def test_a_user_signs_in_in_any_case_and_is_who_they_are(service: RunningService) -> None:
    await a_user(service, "Bob", limit={"labels": ["team=blue"]})
    async with browser(service) as theirs:
        answer = await theirs.sign_in("BOB")
        assert answer.json() == {
            "name": "Bob",
            "kind": "user",
            "role": "operator",
            "limit": {"labels": ["team=blue"], "accounts": []},
        }
        cookies = answer.headers.get_list("set-cookie")
        assert all("HttpOnly" in cookie and "SameSite=strict" in cookie for cookie in cookies)
        assert await theirs.me() == 200
        listed = (await service.client.get("/api/v1/users")).json()["items"]
        assert next(user for user in listed if user["name"] == "Bob")["last_signed_in_at"] is not None
        assert "argon2" not in str(listed)


async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(service: RunningService) -> None:
    await a_user(service, "carol")
    disabled = await a_user(service, "dora")
    await service.client.patch(f"/api/v1/users/{disabled['id']}", json={"disabled": True})
    async with browser(service, "127.0.0.2") as theirs:
        answers = [
            await theirs.sign_in("carol", "wrong password"),
            await theirs.sign_in("nobody", PASSWORD),
            await theirs.sign_in("dora", PASSWORD),
        ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


async def test_unknown_and_known_users_are_checked_against_a_password_alike(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - watched here alone

    await a_user(service, "erin")
    checked: list[tuple[str, str]] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, hash: str | bytes, password: str | bytes) -> Any:
        checked.append((str(hash).rsplit("$", 2)[0], str(password)))
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    async with browser(service, "127.0.0.3") as theirs:
        await theirs.sign_in("erin", "wrong password")
        await theirs.sign_in("nobody at all", "wrong password")
    known, unknown = checked
    assert known == unknown  # the same parameters: the time is Argon2's


async def test_each_sign_in_makes_a_new_session_and_ends_the_one_before(service: RunningService) -> None:
    await a_user(service, "frank")
    async with browser(service) as theirs:
        await theirs.sign_in("frank")
        first = theirs.http.cookies["cmlfleet_session"]
        await theirs.sign_in("frank")
        second = theirs.http.cookies["cmlfleet_session"]
        assert first != second
        stale = await service.client.get(
            "/api/v1/me", headers={"Authorization": "", "Cookie": f"cmlfleet_session={first}"}
        )
        assert (stale.status_code, await theirs.me()) == (401, 200)


@pytest.mark.parametrize(
    "change",
    [pytest.param({"disabled": True}, id="disabled"), pytest.param({"password": "x" * 20}, id="password")],
)
async def test_whoever_is_disabled_or_given_a_new_password_is_signed_out_at_once(
    service: RunningService, request: pytest.FixtureRequest, change: dict[str, Any]
) -> None:
    user = await a_user(service, request.node.callspec.id)
    async with browser(service) as one, browser(service) as two:
        await one.sign_in(user["name"])
        await two.sign_in(user["name"])
        assert (await one.me(), await two.me()) == (200, 200)
        assert (await service.client.patch(f"/api/v1/users/{user['id']}", json=change)).status_code == 200
        assert (await one.me(), await two.me()) == (401, 401)


async def test_signing_out_everywhere_ends_every_session_of_mine_and_no_other(service: RunningService) -> None:
    await a_user(service, "gina")
    await a_user(service, "hugo")
    async with browser(service) as one, browser(service) as two, browser(service) as other:
        await one.sign_in("gina")
        await two.sign_in("gina")
        await other.sign_in("hugo")
        answer = await one.http.delete("/api/v1/session/everywhere", headers=CHANGES)
        assert answer.status_code == 204
        assert (await one.me(), await two.me(), await other.me()) == (401, 401, 200)


async def test_one_changes_ones_own_password_knowing_the_present_one(service: RunningService) -> None:
    await a_user(service, "ivan")
    async with browser(service) as theirs:
        await theirs.sign_in("ivan")

        async def change(present: str, new: str) -> int:
            body = {"present": present, "new": new}
            return (await theirs.http.put("/api/v1/session/password", json=body, headers=CHANGES)).status_code

        assert await change("wrong password", "another long password") == 401
        assert await change(PASSWORD, "short") == 422
        assert await change(PASSWORD, "ivan") == 422
        assert await change(PASSWORD, "another long password") == 204
        assert await theirs.me() == 401
        assert (await theirs.sign_in("ivan")).status_code == 401
        assert (await theirs.sign_in("ivan", "another long password")).status_code == 200
    by_token = await service.client.put("/api/v1/session/password", json={"present": "x", "new": "y" * 20})
    assert by_token.status_code == 422


async def test_every_change_by_a_session_needs_the_consoles_own_header(service: RunningService) -> None:
    await a_user(service, "judy", role="admin")
    document = (await service.client.get("/api/v1/openapi.json")).json()
    async with browser(service) as theirs:
        await theirs.sign_in("judy")
        for path, methods in document["paths"].items():
            for method in methods:
                if method in ("get", "head") or path in ("/api/v1/session", "/api/v1/session/set-up"):
                    continue
                answer = await theirs.http.request(method.upper(), path.replace("{", "").replace("}", ""), json={})
                assert answer.status_code == 403, f"{method} {path}: {answer.text}"
        assert await theirs.me() == 200


async def test_guessing_is_limited_and_locks_nobody_out_where_they_signed_in_before(service: RunningService) -> None:
    await a_user(service, "kate")
    async with (
        browser(service, "127.0.0.4") as hers,
        browser(service, "127.0.0.4") as attacker,
        browser(service, "127.0.0.5") as elsewhere,
    ):
        assert (await hers.sign_in("kate")).status_code == 200
        statuses = [(await attacker.sign_in("kate", f"guess {number}")).status_code for number in range(25)]
        assert statuses[: OF_AN_ADDRESS.most] == [401] * OF_AN_ADDRESS.most
        assert set(statuses[OF_AN_ADDRESS.most :]) == {429}
        refused = await attacker.sign_in("kate")
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert (await elsewhere.sign_in("kate")).status_code == 429
        hers.http.cookies.delete("cmlfleet_session")
        assert (await hers.sign_in("kate")).status_code == 200


async def test_a_known_browser_is_limited_too(service: RunningService) -> None:
    await a_user(service, "liam")
    async with browser(service, "127.0.0.6") as theirs:
        await theirs.sign_in("liam")
        statuses = [(await theirs.sign_in("liam", "guess")).status_code for _ in range(OF_A_DEVICE.most + 2)]
    assert (statuses[0], statuses[-1]) == (401, 429)


async def test_names_of_the_services_own_parts_and_taken_names_are_refused(service: RunningService) -> None:
    await a_user(service, "mike")
    for name in ("schedule", "Bootstrap", " ", "MIKE"):
        body = {"name": name, "role": "viewer", "password": PASSWORD}
        assert (await service.client.post("/api/v1/users", json=body)).status_code == 422
    token = await service.client.post("/api/v1/tokens", json={"name": "schedule", "role": "viewer"})
    assert token.status_code == 422


async def test_the_audit_trail_knows_who_signed_in_and_who_was_tried(service: RunningService) -> None:
    await a_user(service, "nora")
    async with browser(service, "127.0.0.7") as theirs:
        await theirs.sign_in("nora", "wrong password")
        await theirs.sign_in("a password typed here")
        await theirs.sign_in("nora")
    answer = await service.client.get("/api/v1/audit", params={"action": "SignInCommand", "limit": 3})
    done, unknown, refused = answer.json()["items"]
    assert [entry["result"] for entry in (done, unknown, refused)] == ["done", "refused", "refused"]
    assert {entry["address"] for entry in (done, unknown, refused)} == {"127.0.0.7"}
    assert refused["changes"][0]["after"] == done["changes"][0]["after"] == {"user": "nora"}
    assert "typed here" not in answer.text
    assert "wrong password" not in answer.text


async def test_a_tokens_last_use_is_known(service: RunningService) -> None:
    made = (await service.client.post("/api/v1/tokens", json={"name": "used", "role": "viewer"})).json()
    assert made["record"]["last_used_at"] is None
    for _ in range(2):
        await service.client.get("/api/v1/me", headers=service.as_(made["token"]))
    listed = (await service.client.get("/api/v1/tokens")).json()["items"]
    assert next(token for token in listed if token["name"] == "used")["last_used_at"] is not None
