"""OpenID providers for tests: a real one, and one that says whatever a test wants."""

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

FOLDER = Path(__file__).parent / "openid_provider"
CLIENT_ID = "cmlfleet"
CLIENT_SECRET = "the-secret-of-cmlfleet"
_START_SECONDS = 30.0
_MOST_STEPS = 20


def is_installed() -> bool:
    """Whether the real provider can run: Node.js, and its libraries (`scripts/test_tools.sh`)."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "oidc-provider").is_dir()


@asynccontextmanager
async def real_provider(port: int, *, key_id: str, redirect_uri: str) -> AsyncGenerator[str]:
    """The issuer's address. With another `key_id`, on the same port, its keys were rotated."""
    process = await asyncio.create_subprocess_exec(
        "node",
        "provider.mjs",
        str(port),
        key_id,
        redirect_uri,
        cwd=FOLDER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None, "the provider ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def sign_in_over_there(browser: httpx2.AsyncClient, answer: httpx2.Response, login: str) -> str:
    """Follow the provider's pages as a person would, log in, consent; where it sends the browser at last."""
    for _ in range(_MOST_STEPS):
        if answer.is_redirect:
            url = urljoin(str(answer.request.url), answer.headers["location"])
            if "/api/v1/session/openid/callback" in url:
                return url
            answer = await browser.get(url)
            continue
        action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert action is not None, answer.text
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        assert prompt is not None, answer.text
        form = {"prompt": prompt[1], "login": login, "password": "any"}
        answer = await browser.post(urljoin(str(answer.request.url), action[1]), data=form)
    raise AssertionError("the provider goes round in circles")


@dataclass
class ScriptedProvider:
    """Answers any code with an ID token that a test makes."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}))
    nonce: str = ""
    forge: Any = None
    """Takes this provider, answers the ID token."""
    keys_read: int = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones, but for the changes; None leaves one out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": "bob",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "groups": ["cml-operators"],
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, key: RSAKey | None = None, alg: str = "RS256") -> str:
        """By the provider's key, or another."""
        key = key or self.key
        return jwt.encode({"alg": alg, "kid": key.kid}, claims, key)


@asynccontextmanager
async def scripted_provider() -> AsyncGenerator[ScriptedProvider]:
    provider = ScriptedProvider()

    async def discovery(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": provider.issuer,
                "authorization_endpoint": f"{provider.issuer}/auth",
                "token_endpoint": f"{provider.issuer}/token",
                "jwks_uri": f"{provider.issuer}/jwks",
            }
        )

    async def keys(_: web.Request) -> web.Response:
        provider.keys_read += 1
        return web.json_response({"keys": [provider.key.as_dict(private=False)]})

    async def token(_: web.Request) -> web.Response:
        body = {"access_token": "x", "token_type": "Bearer", "id_token": provider.forge(provider)}
        return web.Response(text=json.dumps(body), content_type="application/json")

    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", discovery)
    app.router.add_get("/jwks", keys)
    app.router.add_post("/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()
