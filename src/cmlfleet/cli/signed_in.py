"""Where the command line finds the service, and the token it signs in with."""

import os
from pathlib import Path

from cmlfleet.cli.exit_codes import NOT_ALLOWED, USAGE, CommandFailed

DEFAULT_URL = "http://127.0.0.1:8080"


def service_url() -> str:
    """`CMLFLEET_URL`, else this machine. Raises CommandFailed for what is no address."""
    url = os.environ.get("CMLFLEET_URL") or DEFAULT_URL
    if not url.startswith(("http://", "https://")):
        raise CommandFailed(f"CMLFLEET_URL is {url!r}: it begins with http:// or https://", status=USAGE)
    return url.rstrip("/")


def token() -> str:
    """`CMLFLEET_TOKEN`, else what `cmlfleet login` stored for this address. Raises CommandFailed."""
    given = os.environ.get("CMLFLEET_TOKEN")
    if given:
        if not may_be_token(given):
            raise CommandFailed("CMLFLEET_TOKEN holds characters that no token has", status=USAGE)
        return given
    path = token_file(service_url())
    if path.exists():
        stored = path.read_text(errors="replace").strip()
        if not may_be_token(stored):
            raise CommandFailed(f"{path} holds no token: run `cmlfleet login`", status=USAGE)
        return stored
    raise CommandFailed(
        "not signed in: set CMLFLEET_TOKEN, or run `cmlfleet login`.\n"
        "A token is made where the service runs: cmlfleet token create --role operator --name me",
        status=NOT_ALLOWED,
    )


def may_be_token(text: str) -> bool:
    """Whether a header can carry it: what is wrong with a token must not be told by printing it."""
    return bool(text) and text.isascii() and text.isprintable()


def token_file(url: str) -> Path:
    """Where the token for this address is kept."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only who is not given a token needs it

    name = "".join(letter if letter.isalnum() else "_" for letter in url)
    return user_config_path("cmlfleet") / f"token-{name}"
