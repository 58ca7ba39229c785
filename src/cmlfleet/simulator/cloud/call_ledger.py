"""Every call that was made, so that a test can count them."""

from collections import Counter
from dataclasses import dataclass

OK = "ok"


@dataclass(frozen=True, kw_only=True)
class CallKey:
    """`outcome` is `ok`, AWS's error code, or what became of the connection (`closed`, `hanging`)."""

    account_id: str
    region: str
    service: str
    operation: str
    outcome: str


class CallLedger:
    def __init__(self) -> None:
        self._counts: Counter[CallKey] = Counter()

    def count(self, *, account_id: str, region: str, service: str, operation: str, outcome: str) -> None:
        key = CallKey(account_id=account_id, region=region, service=service, operation=operation, outcome=outcome)
        self._counts[key] += 1

    def counts(self) -> dict[CallKey, int]:
        return dict(self._counts)

    def total(self, operation: str, *, outcome: str | None = None) -> int:
        """Calls of that operation, of every account and region."""
        return sum(
            count
            for key, count in self._counts.items()
            if key.operation == operation and outcome in (None, key.outcome)
        )

    def reset(self) -> None:
        self._counts.clear()
