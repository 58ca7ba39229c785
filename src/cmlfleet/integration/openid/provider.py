"""An OpenID provider, by OpenID Connect Core 1.0 and Discovery 1.0; authlib and joserfc do the protocol."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cmlfleet.application.errors import NotVouchedFor, ProviderUnavailable
from cmlfleet.application.ports.identity_provider import VouchedFor
from cmlfleet.integration.openid.claims import ClaimRules, identity_of

TIMEOUT_SECONDS = 10.0
KEPT_SECONDS = 3600.0  # the provider's document and keys
NEW_KEYS_EVERY_SECONDS = 30.0  # tokens with unknown key ids must not make us a hammer
LEEWAY_SECONDS = 60  # by which two clocks may differ
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key: `none`, and secrets shared with anybody, are not among them."""
SCOPE = "openid profile email"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What the configuration says."""

    issuer: str
    client_id: str
    client_secret: str | None
    rules: ClaimRules


class OpenIDProvider:
    """Implements `IdentityProvider`."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._document: Mapping[str, Any] = {}
        self._document_read_at = float("-inf")
        self._keys: KeySet | None = None
        self._keys_read_at = float("-inf")
        self._keys_renewed_at = float("-inf")

    async def sign_in_url(self, *, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Raises ProviderUnavailable."""
        document = await self._discovered()
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                _address(document, "authorization_endpoint"), state=state, nonce=nonce, code_verifier=verifier
            )
            return url

    async def vouch(self, *, code: str, nonce: str, verifier: str, redirect_uri: str) -> VouchedFor:
        """Raises ProviderUnavailable, and NotVouchedFor for any token that is not a good one for us, now."""
        document = await self._discovered()
        try:
            async with self._client(redirect_uri) as client:
                answer: Any = await client.fetch_token(
                    _address(document, "token_endpoint"), code=code, code_verifier=verifier
                )
        except AuthlibBaseError as error:
            raise NotVouchedFor(f"the provider refused the code: {error.error}") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"the OpenID provider did not answer as it should: {error!r}") from error
        id_token = cast("dict[str, Any]", answer).get("id_token")
        if not isinstance(id_token, str):
            raise NotVouchedFor("the provider sent no ID token")
        claims = await self._verified(id_token, nonce=nonce)
        identity = identity_of(claims, self._settings.rules, id_token=id_token)
        return VouchedFor(subject=f"{self._settings.issuer} {claims['sub']}", identity=identity)

    async def sign_out_url(self, id_token: str) -> str | None:
        """RP-initiated logout 1.0, where the provider has it. Raises ProviderUnavailable."""
        endpoint = (await self._discovered()).get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        asked = urlencode({"id_token_hint": id_token, "client_id": self._settings.client_id})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}"

    async def _verified(self, id_token: str, *, nonce: str) -> Mapping[str, Any]:
        try:
            token = jwt.decode(id_token, await self._keys_now(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # Signed with a key that is newer than what we know: asked for again, but not for every forged token.
            try:
                token = jwt.decode(id_token, await self._keys_now(anew=True), algorithms=ALGORITHMS)
            except (JoseError, ValueError) as error:
                raise NotVouchedFor(f"the ID token's signature does not hold: {error}") from None
        settings = self._settings
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        claims = token.claims
        try:
            registry.validate(claims)
        except JoseError as error:
            raise NotVouchedFor(f"the ID token is not for this sign-in: {error}") from None
        audience = claims["aud"]
        several = isinstance(audience, list) and len(cast("list[Any]", audience)) > 1
        if claims.get("azp", settings.client_id) != settings.client_id or (several and "azp" not in claims):
            raise NotVouchedFor("the ID token was issued to another client")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise NotVouchedFor("the ID token names nobody")
        return claims

    async def _discovered(self) -> Mapping[str, Any]:
        if time.monotonic() - self._document_read_at > KEPT_SECONDS:
            issuer = self._settings.issuer
            document = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != issuer:
                raise ProviderUnavailable(f"the provider calls itself {document.get('issuer')!r}, not {issuer!r}")
            self._document, self._document_read_at = document, time.monotonic()
        return self._document

    async def _keys_now(self, *, anew: bool = False) -> KeySet:
        now = time.monotonic()
        renew = anew and now - self._keys_renewed_at > NEW_KEYS_EVERY_SECONDS
        if self._keys is None or renew or now - self._keys_read_at > KEPT_SECONDS:
            self._keys_renewed_at = now if renew else self._keys_renewed_at
            found = await self._read(_address(await self._discovered(), "jwks_uri"))
            try:
                self._keys = KeySet.import_key_set(cast("Any", found))
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderUnavailable(f"the provider's keys cannot be read: {error!r}") from error
            self._keys_read_at = time.monotonic()
        return self._keys

    async def _read(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                found = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"the OpenID provider did not answer at {url}: {error!r}") from error
        if not isinstance(found, dict):
            raise ProviderUnavailable(f"the OpenID provider's answer at {url} is no JSON object")
        return cast("dict[str, Any]", found)

    def _client(self, redirect_uri: str) -> Any:
        # authlib has no types.
        settings = self._settings
        return AsyncOAuth2Client(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            token_endpoint_auth_method="client_secret_basic" if settings.client_secret else "none",
            code_challenge_method="S256",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )


def _address(document: Mapping[str, Any], name: str) -> str:
    """Raises ProviderUnavailable for one that is missing, or that would send codes and secrets in clear."""
    address = document.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise ProviderUnavailable(f"the provider's {name} is not an https address: {address!r}")
    return address


def is_safe(url: str) -> bool:
    """TLS, or this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))
