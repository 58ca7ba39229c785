"""What EC2 last answered for each account and region, so that a denied region is one line and not one per worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from cmlfleet.application.clock import Clock
from cmlfleet.domain.facts import SourceFailure
from cmlfleet.domain.identifiers import AccountId, Region

UNKNOWN = "unknown"  # the account's id while AWS has not told it, the region where none is configured

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeStanding:
    """`since` is when the present answer (good, or this error code) was first given."""

    account_id: AccountId
    region: Region
    error_code: str | None
    operation: str | None
    detail: str | None
    since: datetime


class ScopeStandings:
    """Kept in memory: the next sweep tells it anew. Logs when a region begins to fail, and when that is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standings: dict[tuple[AccountId, Region], ScopeStanding] = {}

    def note(self, account_id: AccountId, region: Region, failure: SourceFailure | None) -> None:
        """Take in what a sweep of the account and region came to."""
        known = self._standings.get((account_id, region))
        was_failing = known is not None and known.error_code is not None
        if failure is not None and not was_failing:
            logger.warning(
                "region_unreadable",
                account_id=account_id,
                region=region,
                error_code=failure.code.value,
                detail=failure.detail,
            )
        elif failure is None and was_failing:
            logger.info("region_readable_again", account_id=account_id, region=region)
        self._put(account_id, region, failure)

    def note_unknown_account(self, regions: Sequence[Region], failure: SourceFailure) -> None:
        """AWS does not say whose the service's own credentials are, so that these regions cannot be read."""
        for region in regions or (Region(UNKNOWN),):
            self._put(AccountId(UNKNOWN), region, failure)

    def note_known_account(self) -> None:
        """AWS has said whose the credentials are."""
        self._standings = {key: standing for key, standing in self._standings.items() if key[0] != UNKNOWN}

    def replace(self, standings: Sequence[ScopeStanding]) -> None:
        """Take over what another process knows: it sweeps for all."""
        self._standings = {(standing.account_id, standing.region): standing for standing in standings}

    def all(self) -> Sequence[ScopeStanding]:
        """In the order of account and region."""
        return [self._standings[key] for key in sorted(self._standings)]

    def _put(self, account_id: AccountId, region: Region, failure: SourceFailure | None) -> None:
        """With the moment since which it has been so."""
        known = self._standings.get((account_id, region))
        code = None if failure is None else failure.code.value
        self._standings[(account_id, region)] = ScopeStanding(
            account_id=account_id,
            region=region,
            error_code=code,
            operation=None if failure is None else failure.operation,
            detail=None if failure is None else failure.detail,
            since=known.since if known is not None and known.error_code == code else self._clock(),
        )
