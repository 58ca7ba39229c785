"""What the AWS adapters need to be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmlfleet.domain.identifiers import AccountId, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccountSettings:
    """One account whose workers are read.

    Without `role_arn` the process's own credentials are used. `account_id` may be left out for that one account:
    STS is then asked whose credentials they are.
    """

    account_id: AccountId | None = None
    regions: Sequence[Region] = ()
    role_arn: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsLimits:
    """Limits of time, in seconds. `call_seconds` is for one answer (a page of 1,000 instances is 5 MB),
    `total_seconds` for an operation with its retries and the wait for its budget."""

    connect_seconds: float = 3.0
    call_seconds: float = 10.0
    total_seconds: float = 20.0
