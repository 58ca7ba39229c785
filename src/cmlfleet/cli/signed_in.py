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
        return given
    path = token_file(service_url())
    if path.exists():
        return path.read_text().strip()
    raise CommandFailed(
        "not signed in: set CMLFLEET_TOKEN, or run `cmlfleet login`.\n"
        "A token is made where the service runs: cmlfleet token create --role operator --name me",
        status=NOT_ALLOWED,
    )


def token_file(url: str) -> Path:
    """Where the token for this address is kept."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only who is not given a token needs it

    name = "".join(letter if letter.isalnum() else "_" for letter in url)
    return user_config_path("cmlfleet") / f"token-{name}"
