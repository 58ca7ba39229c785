"""The bearer tokens of one controller: JWTs that also die on the server's side."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from cmlfleet.simulator.controller.users import User

DEFAULT_LIFETIME_SECONDS = 86_400  # the exp - iat of Cisco's own example
_HEADER = '{"alg":"HS256","typ":"JWT"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class _LiveToken:
    user: User
    expires_at: float


class TokenRegister:
    """Which tokens live. Moments are of the simulated monotonic clock."""

    __slots__ = ("_issued", "_live", "_secret", "lifetime_seconds")

    def __init__(self, *, secret: bytes) -> None:
        self._secret = secret
        self._live: dict[str, _LiveToken] = {}
        self._issued = 0
        self.lifetime_seconds = DEFAULT_LIFETIME_SECONDS

    def issue(self, user: User, *, now: datetime, monotonic: float) -> str:
        self._issued += 1
        claims = {
            "iss": "com.cisco.virl",
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self.lifetime_seconds)).timestamp()),
            "sub": user.id,
            "jti": self._issued,
        }
        signed = f"{_part(_HEADER.encode())}.{_part(orjson.dumps(claims))}"
        signature = hmac.new(self._secret, signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{_part(signature)}"
        self._live[token] = _LiveToken(user=user, expires_at=monotonic + self.lifetime_seconds)
        return token

    def user_of(self, token: str, *, monotonic: float) -> User | None:
        """The user of a token that lives, or None."""
        live = self._live.get(token)
        if live is None:
            return None
        if monotonic >= live.expires_at:
            del self._live[token]
            return None
        return live.user

    def revoke(self, token: str) -> None:
        self._live.pop(token, None)

    def revoke_all_of(self, user: User) -> None:
        self._live = {token: live for token, live in self._live.items() if live.user is not user}

    def revoke_everything(self) -> None:
        self._live.clear()

    def __len__(self) -> int:
        return len(self._live)


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
