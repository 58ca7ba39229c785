"""The key under which stored credentials are encrypted."""

import fcntl
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
        text = path.read_text().strip()
    except FileNotFoundError:
        text = ""
    return SecretKey(text or _made_in(path))


def _made_in(path: Path) -> str:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # processes that start together agree on one key
        text = file.read().strip()
        if not text:  # or somebody was quicker; one that was killed here left an empty file
            text = secrets.token_urlsafe(48)
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())  # what it encrypts must not outlive it
        return text
