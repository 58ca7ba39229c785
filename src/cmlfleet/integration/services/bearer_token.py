"""The token that a sign-in gives: a JWT whose lifetime an administrator may set from minutes to days."""

import base64
import binascii
from dataclasses import dataclass, field

import msgspec

_RENEW_EARLY_SHARE = 0.1  # of the lifetime, so that a token does not end within a reading
_RENEW_EARLY_AT_MOST_SECONDS = 120.0
_JWT_PARTS = 3


class _Claims(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    sub: str | None = None
    iat: float | None = None
    exp: float | None = None


_decoder = msgspec.json.Decoder(_Claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerToken:
    """A token, whom it belongs to, and until when it is used, on the clock of whoever keeps it."""

    text: str = field(repr=False)
    subject: str | None
    use_until: float | None

    def is_fresh(self, *, now: float) -> bool:
        """False once it is time for a new one. A token without a readable end is used until it is refused."""
        return self.use_until is None or now < self.use_until


def read_token(text: str, *, now: float, wall_clock: float | None = None) -> BearerToken:
    """The token with what it says of itself.

    `now` is the keeper's clock. A token that was just issued lives for `exp - iat` from now on, whatever the two
    machines' clocks say; for one that was given as it is, `wall_clock` (epoch seconds) tells how old it is.
    """
    claims = _claims(text)
    return BearerToken(text=text, subject=claims.sub, use_until=_use_until(claims, now=now, wall_clock=wall_clock))


def _use_until(claims: _Claims, *, now: float, wall_clock: float | None) -> float | None:
    if claims.exp is None:
        return None
    if wall_clock is not None:
        return now + (claims.exp - wall_clock)
    if claims.iat is None or claims.exp <= claims.iat:
        return None
    lifetime = claims.exp - claims.iat
    return now + lifetime - min(lifetime * _RENEW_EARLY_SHARE, _RENEW_EARLY_AT_MOST_SECONDS)


def _claims(text: str) -> _Claims:
    parts = text.split(".")
    if len(parts) != _JWT_PARTS:
        return _Claims()
    try:
        return _decoder.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return _Claims()
