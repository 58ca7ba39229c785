"""Where the command line finds the service, and the token it signs in with."""

import os
import sys
from getpass import getpass
from pathlib import Path

from cmlfleet.cli.exit_codes import NOT_ALLOWED, CommandFailed

DEFAULT_URL = "http://127.0.0.1:8080"


def service_url() -> str:
    """`CMLFLEET_URL`, else this machine."""
    return os.environ.get("CMLFLEET_URL", DEFAULT_URL).rstrip("/")


def token() -> str:
    """`CMLFLEET_TOKEN`, else what `cmlfleet login` stored for this address. Raises CommandFailed."""
    given = os.environ.get("CMLFLEET_TOKEN")
    if given:
        return given
    path = _token_file(service_url())
    if path.exists():
        return path.read_text().strip()
    raise CommandFailed(
        "not signed in: set CMLFLEET_TOKEN, or run `cmlfleet login`.\n"
        "A token is made where the service runs: cmlfleet token create --role operator --name me",
        status=NOT_ALLOWED,
    )


def login() -> None:
    """Store a token for the service at CMLFLEET_URL, readable by you alone. The token is read from the terminal, or
    from standard input."""
    url = service_url()
    text = getpass(f"Token for {url}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise CommandFailed("no token was given", status=NOT_ALLOWED)
    path = _token_file(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text.strip() + "\n")
    sys.stderr.write(f"signed in to {url}\n")


def _token_file(url: str) -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415 - only who is not given a token needs it

    name = "".join(letter if letter.isalnum() else "_" for letter in url)
    return user_config_path("cmlfleet") / f"token-{name}"
