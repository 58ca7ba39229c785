"""The keys under which secrets are encrypted, and where they are kept."""

import contextlib
import fcntl
import os
import secrets
import shlex
import subprocess
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cmlfleet.application.ports.storage import StorageUnavailable

LEAST_CHARACTERS = 32
KEY_FILE = "secret.key"
_KEY_BYTES = 32  # AES-256
_COMMAND_SECONDS = 30.0  # a vault answers in one or two


class SecretKeyUnusable(StorageUnavailable):
    """The secret key cannot be had, so that secrets can be neither stored nor read; the text says why."""


class SecretKey:
    """A 256-bit key made from any text of at least 32 characters; `key_id` tells keys apart and gives none away."""

    def __init__(self, text: str) -> None:
        if len(text) < LEAST_CHARACTERS:
            raise SecretKeyUnusable(f"the secret key needs at least {LEAST_CHARACTERS} characters")
        self.key = _derive(text, b"cmlfleet credentials")
        self.key_id = _derive(text, b"cmlfleet key id")[:8].hex()


def _derive(text: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(text.encode())


class KeySource(Protocol):
    """Where the keys are: the first is in force, the others are from before a rotation and only decrypt. Everything
    here blocks, and raises SecretKeyUnusable."""

    def load(self) -> Sequence[SecretKey]:
        """At least one key."""
        ...

    def begin_rotation(self) -> None:
        """Put a new key in force and keep the others."""
        ...

    def end_rotation(self) -> None:
        """Keep the key in force alone."""
        ...


class GivenKeys:
    """Keys that the environment or the configuration file holds. A person rotates them there."""

    def __init__(self, present: str, *previous: str) -> None:
        self._keys = [SecretKey(text) for text in (present, *previous)]

    def load(self) -> Sequence[SecretKey]:
        """What was given."""
        return self._keys

    def begin_rotation(self) -> None:
        """Raises SecretKeyUnusable, always."""
        raise SecretKeyUnusable(
            "everything is encrypted under the secret key that is set: put a new one into CMLFLEET_SECRET_KEY and "
            "this one into CMLFLEET_SECRET_KEY_PREVIOUS, restart the service with both, then rotate"
        )

    def end_rotation(self) -> None:
        """Nothing: what is set in the environment is a person's to take away."""


class KeyCommand:
    """A command that prints the key in force, and on further lines those from before. It runs without a shell."""

    def __init__(self, command: str) -> None:
        self._command = command

    def load(self) -> Sequence[SecretKey]:
        """Asks each time. What the command says of a failure goes to our own standard error."""
        name = "CMLFLEET_SECRET_KEY_COMMAND"
        try:
            done = subprocess.run(  # noqa: S603 - the command is the operator's own setting
                shlex.split(self._command), stdout=subprocess.PIPE, check=True, timeout=_COMMAND_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise SecretKeyUnusable(f"{name} did not end within {_COMMAND_SECONDS:g} s") from None
        except subprocess.CalledProcessError as error:
            raise SecretKeyUnusable(f"{name} ended with the status {error.returncode}") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no command"
            raise SecretKeyUnusable(f"{name} cannot be run: {reason}") from None
        return _keys_in(done.stdout, name)

    def begin_rotation(self) -> None:
        """Raises SecretKeyUnusable, always."""
        raise SecretKeyUnusable(
            "everything is encrypted under the key that CMLFLEET_SECRET_KEY_COMMAND prints: let it print a new one "
            "and, on the second line, this one; then rotate"
        )

    def end_rotation(self) -> None:
        """Nothing: what the command prints is a person's to change."""


class KeyFile:
    """A file with a key on each line, the one in force first. With `make` it is made at the first use, readable by
    its owner alone."""

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self._path = path
        self._make = make

    def load(self) -> Sequence[SecretKey]:
        """Reads the file each time."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError as error:
            if not self._make:
                raise self._unusable(error) from None
            data = b""
        except OSError as error:
            raise self._unusable(error) from None
        if self._make and not data.strip():
            data = self._made()
        return _keys_in(data, str(self._path))

    def begin_rotation(self) -> None:
        """Raises SecretKeyUnusable where the file cannot be replaced."""
        with self._locked() as lines:
            self._replace([secrets.token_urlsafe(48), *lines])

    def end_rotation(self) -> None:
        """Raises SecretKeyUnusable where the file cannot be replaced."""
        with self._locked() as lines:
            self._replace(lines[:1])

    def _made(self) -> bytes:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # processes that start together agree on one key
                data = file.read()
                if not data.strip():  # or somebody was quicker; one that was killed here left an empty file
                    data = secrets.token_urlsafe(48).encode() + b"\n"
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())  # what it encrypts must not outlive it
                return data
        except OSError as error:
            raise self._unusable(error) from None

    @contextlib.contextmanager
    def _locked(self) -> Generator[list[str]]:
        """The file's lines, which nobody else rotates meanwhile."""
        try:
            with self._path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield _lines_in(self._path.read_bytes(), str(self._path))
        except OSError as error:
            raise self._unusable(error) from None

    def _replace(self, lines: Sequence[str]) -> None:
        """All at once: whoever is killed here leaves the old file or the new one."""
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def _unusable(self, error: OSError) -> SecretKeyUnusable:
        return SecretKeyUnusable(f"the secret key's file {self._path} cannot be used: {error.strerror}")


def _keys_in(data: bytes, where: str) -> Sequence[SecretKey]:
    return [SecretKey(line) for line in _lines_in(data, where)]


def _lines_in(data: bytes, where: str) -> list[str]:
    try:
        lines = [line for text in data.decode().splitlines() if (line := text.strip())]
    except UnicodeDecodeError:
        raise SecretKeyUnusable(f"{where} gives no text as the secret key") from None
    if not lines:
        raise SecretKeyUnusable(f"{where} gives no secret key")
    return lines
