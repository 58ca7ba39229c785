"""`cmlfleet login`."""

import os
import sys
from getpass import getpass

from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.signed_in import may_be_token, service_url, token_file


def login() -> None:
    """Store a token for the service at CMLFLEET_URL, readable by you alone.

    The token is read from the terminal, or from standard input, and tried before it is kept.
    """
    url = service_url()
    text = (getpass(f"Token for {url}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not may_be_token(text):
        raise CommandFailed("no token was given" if not text else "this is no token", status=USAGE)
    me = Client(token_text=text).get("/api/v1/me")
    path = token_file(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    sys.stderr.write(f"signed in to {url} as {me['name']} ({me['role']})\n")
