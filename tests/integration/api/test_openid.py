"""Signing in by OpenID Connect: with a real provider, and with tokens that must not be believed."""

import base64
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from joserfc.jwk import RSAKey
from tests.support.openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    ScriptedProvider,
    is_installed,
    real_provider,
    scripted_provider,
    sign_in_over_there,
)
from tests.support.product import free_port
from tests.support.service import RunningService, running_service

from cmlfleet.application.commands import openid_commands
from cmlfleet.application.ports.users import AttemptLimit

SETTINGS: dict[str, Any] = {
    "oidc_client_id": CLIENT_ID,
    "oidc_client_secret": CLIENT_SECRET,
    "oidc_role_map": "cml-admins=admin,cml-operators=operator",
    "oidc_limit_claim": "teams",
}
BEGIN = "/api/v1/session/openid"
CHANGES = {"X-Requested-With": "cmlfleet"}
real = pytest.mark.skipif(not is_installed(), reason="needs Node.js and `make test`'s tools")


@asynccontextmanager
async def _browser(service: RunningService) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as browser:
        yield browser


@real
async def test_a_person_signs_in_at_a_real_provider_and_out_again(tmp_path: Path) -> None:
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    async with running_service(tmp_path, oidc_issuer=issuer, **SETTINGS) as service:
        callback = f"{service.url}{BEGIN}/callback"
        async with real_provider(port, key_id="one", redirect_uri=callback):
            async with _browser(service) as bob:
                options = (await bob.get("/api/v1/session/options")).json()
                assert options == {"password": False, "openid": True, "set_up": False}
                back = await sign_in_over_there(bob, await bob.get(BEGIN), "bob")
                signed_in = await bob.get(back)
                assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
                assert (await bob.get("/api/v1/me")).json() == {
                    "name": "bob",
                    "kind": "openid",
                    "role": "operator",
                    "limit": {"labels": ["team=blue"], "accounts": []},
                }
                replayed = await bob.get(back)
                assert replayed.status_code == 401
                out = await bob.delete("/api/v1/session", headers=CHANGES)
                assert out.headers["location"].startswith(f"{issuer}/session/end?id_token_hint=")
                assert (await bob.get(out.headers["location"])).status_code == 200
                assert (await bob.get("/api/v1/me")).status_code == 401
            async with _browser(service) as eve:
                back = await sign_in_over_there(eve, await eve.get(BEGIN), "eve")
                refused = await eve.get(back)
                assert (refused.status_code, "no role" in refused.text) == (401, True)
        async with real_provider(port, key_id="two", redirect_uri=callback), _browser(service) as ann:
            back = await sign_in_over_there(ann, await ann.get(BEGIN), "ann")
            assert (await ann.get(back)).status_code == 303
            assert (await ann.get("/api/v1/me")).json() == {
                "name": "ann",
                "kind": "openid",
                "role": "admin",
                "limit": None,
            }
        audit = (await service.client.get("/api/v1/audit", params={"action": "FinishOpenIDCommand"})).json()
        results = [entry["result"] for entry in audit["items"]]
        assert results == ["done", "refused", "refused", "done"]


@pytest.fixture
async def provider() -> AsyncGenerator[ScriptedProvider]:
    async with scripted_provider() as scripted:
        yield scripted


@pytest.fixture
async def service(provider: ScriptedProvider, tmp_path: Path) -> AsyncGenerator[RunningService]:
    settings: dict[str, Any] = {**SETTINGS, "oidc_limit_claim": ""}
    async with running_service(tmp_path, oidc_issuer=provider.issuer, **settings) as running:
        yield running


async def _begin(browser: httpx2.AsyncClient, provider: ScriptedProvider) -> str:
    """The state; the provider learns the nonce."""
    asked = parse_qs(urlsplit((await browser.get(BEGIN)).headers["location"]).query)
    assert (asked["code_challenge_method"], len(asked["code_challenge"][0])) == (["S256"], 43)
    provider.nonce = asked["nonce"][0]
    return asked["state"][0]


def _unsigned(provider: ScriptedProvider) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, provider.claims()]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def _signed_with_the_public_key(provider: ScriptedProvider) -> str:
    import hashlib  # noqa: PLC0415 - only this forgery
    import hmac  # noqa: PLC0415 - as above

    head = {"alg": "HS256", "kid": provider.key.kid}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, provider.claims())]
    secret = provider.key.as_pem(private=False)
    signature = hmac.digest(secret, b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def _with(**changes: Any) -> Callable[[ScriptedProvider], str]:
    return lambda provider: provider.signed(provider.claims(**changes))


OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})
FORGERIES: dict[str, Callable[[ScriptedProvider], Any]] = {
    "unsigned": _unsigned,
    "signed with the public key as a secret": _signed_with_the_public_key,
    "signed by another": lambda provider: provider.signed(provider.claims(), key=OTHER_KEY),
    "cut off": lambda provider: provider.signed(provider.claims())[:-9],
    "not a token": lambda _: "nonsense",
    "no token": lambda _: None,
    "expired": _with(exp=1_700_000_000),
    "without an end": _with(exp=None),
    "for another client": _with(aud="another"),
    "for nobody": _with(aud=None),
    "for several, issued to another": _with(aud=[CLIENT_ID, "another"], azp="another"),
    "for several, issued to nobody in particular": _with(aud=[CLIENT_ID, "another"]),
    "of another issuer": _with(iss="https://evil.example"),
    "without an issuer": _with(iss=None),
    "of another sign-in": _with(nonce="another"),
    "without a nonce": _with(nonce=None),
    "of nobody": _with(sub=None),
    "without a role": _with(groups=["others"]),
    "with a role that is no list": _with(groups={"cml-admins": True}),
}


async def test_a_good_token_signs_in(service: RunningService, provider: ScriptedProvider) -> None:
    provider.forge = _with()
    async with _browser(service) as browser:
        state = await _begin(browser, provider)
        answer = await browser.get(f"{BEGIN}/callback", params={"code": "c", "state": state})
        assert answer.status_code == 303, answer.text
        assert (await browser.get("/api/v1/me")).json()["name"] == "bob"


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_token_that_is_not_ours_is_not_believed(
    service: RunningService, provider: ScriptedProvider, forgery: str
) -> None:
    provider.forge = FORGERIES[forgery]
    async with _browser(service) as browser:
        state = await _begin(browser, provider)
        answer = await browser.get(f"{BEGIN}/callback", params={"code": "c", "state": state})
        assert answer.status_code == 401, answer.text
        assert (await browser.get("/api/v1/me")).status_code == 401


async def test_a_sign_in_belongs_to_the_browser_that_began_it(
    service: RunningService, provider: ScriptedProvider
) -> None:
    provider.forge = _with()
    async with _browser(service) as victim, _browser(service) as attacker:
        state = await _begin(attacker, provider)
        for parameters in ({"code": "c", "state": state}, {"code": "c", "state": "invented"}, {"error": "denied"}):
            answer = await victim.get(f"{BEGIN}/callback", params=parameters)
            assert answer.status_code == 401
        # It was tried elsewhere: whoever began it begins again.
        answer = await attacker.get(f"{BEGIN}/callback", params={"code": "c", "state": state})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"error": "access_denied", "error_description": "<b>"}, "you gave up there"),
        ({"error": "call 555-0100 to sign in"}, "it does not say why"),
        ({}, "it does not say why"),
        ({"code": "c", "state": "invented"}, "begin again"),
    ],
)
async def test_a_person_who_comes_back_unknown_is_told_why_on_the_sign_in_page(
    service: RunningService, provider: ScriptedProvider, parameters: dict[str, str], words: str
) -> None:
    async with _browser(service) as browser:
        page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        answer = await browser.get(f"{BEGIN}/callback", params=parameters, headers=page)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        [cookie] = answer.headers.get_list("set-cookie")
        assert cookie.startswith("cmlfleet_refused=")
        said = unquote(cookie)
        assert words in said
        assert "555" not in said
        assert "<b>" not in said
        assert "samesite=strict" in said.lower()
        assert (await browser.get("/api/v1/me")).status_code == 401


async def test_keys_are_not_read_anew_for_every_forged_token(
    service: RunningService, provider: ScriptedProvider
) -> None:
    provider.forge = FORGERIES["signed by another"]
    async with _browser(service) as browser:
        for _ in range(5):
            state = await _begin(browser, provider)
            await browser.get(f"{BEGIN}/callback", params={"code": "c", "state": state})
    assert provider.keys_read <= 2


async def test_a_provider_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    async with running_service(tmp_path, oidc_issuer=issuer, **SETTINGS) as service, _browser(service) as browser:
        answer = await browser.get(BEGIN)
        assert (answer.status_code, "did not answer" in answer.text) == (503, True)


async def test_sign_ins_that_are_begun_or_made_up_are_limited_by_address(
    service: RunningService, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid_commands, "AT_A_PROVIDER", AttemptLimit(most=4, one_more_every_seconds=3600.0))
    provider.forge = _with()
    made_up = {"code": "x", "state": "x"}
    elsewhere = httpx2.AsyncHTTPTransport(local_address="127.0.0.2")
    async with (
        _browser(service) as bob,
        _browser(service) as stranger,
        httpx2.AsyncClient(base_url=service.url, transport=elsewhere, timeout=30) as somebody_else,
    ):
        callback = f"{BEGIN}/callback"
        assert (
            await bob.get(callback, params={"code": "c", "state": await _begin(bob, provider)})
        ).status_code == 303
        begun_before = await _begin(somebody_else, provider)
        assert (await stranger.get(BEGIN)).status_code == 303
        tried = [(await stranger.get(callback, params=made_up)).status_code for _ in range(30)]
        assert (tried[:2], set(tried[2:])) == ([401, 401], {429})
        refused = await stranger.get(BEGIN)
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert (await somebody_else.get(callback, params={"code": "c", "state": begun_before})).status_code == 303
        assert (await bob.get(BEGIN)).status_code == 303  # from the stranger's address, in a browser that is known
    audit = await service.client.get("/api/v1/audit", params={"action": "FinishOpenIDCommand"})
    results = [entry["result"] for entry in audit.json()["items"]]
    assert results == ["done", "refused", "refused", "refused", "done"]  # the third for all that came too many


async def test_without_a_provider_there_is_nothing_to_begin(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service, _browser(service) as browser:
        assert (await browser.get(BEGIN)).status_code == 422
