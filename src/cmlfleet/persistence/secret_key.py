"""The key under which stored credentials are encrypted."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LEAST_CHARACTERS = 32
KEY_FILE = "secret.key"
_KEY_BYTES = 32  # AES-256


class SecretKey:
    """A 256-bit key made from any text of at least 32 characters; `key_id` tells keys apart and gives none away."""

    def __init__(self, text: str) -> None:
        if len(text) < LEAST_CHARACTERS:
            raise ValueError(f"the secret key needs at least {LEAST_CHARACTERS} characters")
        self.key = _derive(text, b"cmlfleet credentials")
        self.key_id = _derive(text, b"cmlfleet key id")[:8].hex()


def _derive(text: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(text.encode())


def secret_key_of(data_dir: Path, given: str | None) -> SecretKey:
    """The given key, else the one in the data directory, made at the first start and readable by its owner alone."""
    if given is not None:
        return SecretKey(given)
    path = data_dir / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return SecretKey(path.read_text().strip())
    with os.fdopen(descriptor, "w") as file:
        text = secrets.token_urlsafe(48)
        file.write(text + "\n")
    return SecretKey(text)
