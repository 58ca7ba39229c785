"""The accounts and regions that the configuration names."""

from collections.abc import Callable, Sequence

from cmlfleet.application.errors import UnknownScope
from cmlfleet.domain.identifiers import AccountId, Region

Scopes = Callable[[], Sequence[tuple[AccountId, Region]]]
"""Every configured account and region; an account is listed once its id is known."""


def scope_of(
    scopes: Sequence[tuple[AccountId, Region]], *, region: str, account_id: str | None
) -> tuple[AccountId, Region]:
    """The configured account and region meant. Raises UnknownScope naming those that are configured."""
    regions = sorted({known for _, known in scopes})
    if region not in regions:
        raise UnknownScope(f"the region {region!r} is not configured; configured: {', '.join(regions) or 'none'}")
    accounts = sorted({account for account, known in scopes if known == region})
    if account_id is None:
        return accounts[0], Region(region)
    if account_id not in accounts:
        raise UnknownScope(
            f"the account {account_id!r} is not configured for {region}; configured: {', '.join(accounts)}"
        )
    return AccountId(account_id), Region(region)
