"""A port that nobody uses at the moment."""

import socket


def free_port() -> int:
    """On loopback; taken by whoever binds it first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
