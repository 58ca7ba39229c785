"""nginx's limit on signing in."""

_BURST = 60  # the real number is unknown; thirty wrong passwords in a row are still answered one by one
_PER_SECOND = 5.0


class SignInRate:
    """A leaky bucket on the simulated clock."""

    __slots__ = ("_level", "_seen_at")

    def __init__(self) -> None:
        self._level = 0.0
        self._seen_at = 0.0

    def admits(self, moment: float) -> bool:
        self._level = max(self._level - (moment - self._seen_at) * _PER_SECOND, 0.0)
        self._seen_at = moment
        if self._level + 1 > _BURST:
            return False
        self._level += 1
        return True
