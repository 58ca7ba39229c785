"""A password in a file, as Docker, Kubernetes and systemd hand secrets over."""

import asyncio
from pathlib import Path

from cmlfleet.application.ports.sources import CredentialsUnavailable
from cmlfleet.integration.services.credential_rule import PasswordSource

_MOST_CHARACTERS = 4096  # far beyond any password; a device that never ends must not fill the memory


def password_in_file(path: Path) -> PasswordSource:
    """The file's first line."""
    where = f"password_file {path}"

    async def read() -> str:
        return await asyncio.to_thread(_first_line, path, where)

    return PasswordSource(where=where, read=read)


def _first_line(path: Path, where: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline(_MOST_CHARACTERS).rstrip("\r\n")
    except OSError as error:
        raise CredentialsUnavailable(f"{where} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CredentialsUnavailable(f"{where} holds no text") from None
    if not line:
        raise CredentialsUnavailable(f"{where} is empty")
    return line
