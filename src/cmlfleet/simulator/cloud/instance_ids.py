"""Ids and addresses, the same for the same seed."""

import random
import re

_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")


def is_instance_id(text: str) -> bool:
    return _INSTANCE_ID.fullmatch(text) is not None


class IdMaker:
    """Makes the ids of one account and region; a namespace keeps them apart from those of others."""

    def __init__(self, *, seed: int, namespace: str) -> None:
        self._dice = random.Random(f"{seed}:{namespace}")

    def instance_id(self) -> str:
        return f"i-0{self._hexadecimal(16)}"

    def reservation_id(self) -> str:
        return f"r-0{self._hexadecimal(16)}"

    def mac_address(self) -> str:
        digits = self._hexadecimal(10)
        return "0e:" + ":".join(digits[at : at + 2] for at in range(0, 10, 2))

    def instance_event_id(self) -> str:
        return f"instance-event-0{self._hexadecimal(16)}"

    def _hexadecimal(self, digits: int) -> str:
        return f"{self._dice.getrandbits(4 * digits):0{digits}x}"


class PublicAddressPool:
    """Hands out public addresses, each another than the last. They are of 198.18.0.0/15, the network for
    benchmarks (RFC 2544), so that nobody's host is ever called."""

    _SIZE = 1 << 17
    _BASE = (198 << 24) | (18 << 16)
    _STRIDE = 40503  # odd, so that it visits every address before one comes again

    def __init__(self, *, seed: int) -> None:
        self._next = random.Random(f"{seed}:addresses").randrange(self._SIZE)

    def take(self) -> str:
        self._next = (self._next + self._STRIDE) % self._SIZE
        address = self._BASE + self._next
        return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
