"""The accounts and regions that the configuration names."""

from collections.abc import Callable, Sequence

from cmlfleet.application.errors import SourceUnavailable, UnknownScope
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode

Scopes = Callable[[], Sequence[tuple[AccountId, Region]]]
"""Every configured account and region; an account is listed once its id is known."""


def scope_of(
    scopes: Sequence[tuple[AccountId, Region]], *, region: str, account_id: str | None
) -> tuple[AccountId, Region]:
    """The configured account and region meant. Raises UnknownScope naming those that are configured, and
    SourceUnavailable while none is known."""
    if not scopes:
        raise SourceUnavailable(
            ErrorCode.UNREACHABLE.value,
            "no account and region is known yet: AWS has not told whose the credentials are, or no region is set "
            "(CMLFLEET_REGIONS, AWS_REGION); `cmlfleet doctor` says which",
        )
    regions = sorted({known for _, known in scopes})
    if region not in regions:
        raise UnknownScope(f"the region {region!r} is not configured; configured: {', '.join(regions)}")
    accounts = sorted({account for account, known in scopes if known == region})
    if account_id is None:
        return accounts[0], Region(region)
    if account_id not in accounts:
        raise UnknownScope(
            f"the account {account_id!r} is not configured for {region}; configured: {', '.join(accounts)}"
        )
    return AccountId(account_id), Region(region)
