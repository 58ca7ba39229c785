"""Secrets that nobody may see, and looking for them in whatever form they might hide in."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from urllib.parse import quote

_ALIGNMENTS = 3  # base64 packs three bytes into four letters, wherever the secret begins


class Canaries:
    """One secret for each place that a secret is kept in; made on first mention."""

    def __init__(self) -> None:
        self._planted: dict[str, str] = {}

    def __getitem__(self, place: str) -> str:
        """Long enough for every kind of secret, with characters that are written differently here and there."""
        return self._planted.setdefault(
            place, f"Canary-{secrets.token_hex(16)}/+\N{LATIN SMALL LETTER U WITH DIAERESIS}&"
        )

    def plant(self, place: str, secret: str) -> str:
        """One that somebody else has made."""
        self._planted[place] = secret
        return secret

    def plain(self, place: str) -> str:
        """The same without special characters, for places that take none."""
        return self._planted.setdefault(place, f"Canary-{secrets.token_hex(24)}")

    @property
    def planted(self) -> Mapping[str, str]:
        """Every place with its secret."""
        return self._planted

    def seen_in(self, data: bytes) -> list[str]:
        """The places whose secrets are there: as they are, or as JSON, base64, hexadecimal or in a URL."""
        return [place for place, secret in self._planted.items() if any(form in data for form in _forms(secret))]


def _forms(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    for pad in range(_ALIGNMENTS):
        # Without the letters that depend on what stands before and behind.
        yield base64.b64encode(b"\0" * pad + raw)[4 if pad else 0 : -4]
