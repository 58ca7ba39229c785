"""How often each route was asked, for tests that count sign-ins."""

from collections import Counter


class CallCounter(Counter[tuple[str, str, int]]):
    """Keys are (method, route template, status)."""

    def of(self, method: str, template: str, status: int | None = None) -> int:
        """How many calls of that route; with any status unless one is given."""
        return sum(
            times
            for (asked_method, asked_template, answered), times in self.items()
            if (asked_method, asked_template) == (method, template) and status in (None, answered)
        )

    @property
    def sign_ins(self) -> int:
        """Attempts to sign in, the refused ones included."""
        return sum(self.of("POST", route) for route in ("/api/v0/authenticate", "/api/v0/auth_extended"))
