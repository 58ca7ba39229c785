"""A port that nobody uses at the moment."""

from ephemeral_port_reserve import reserve


def free_port() -> int:
    """On loopback; the kernel gives it to nobody else in the next minute."""
    return int(reserve())
