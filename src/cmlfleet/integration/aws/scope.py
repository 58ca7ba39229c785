"""Where a call goes: AWS's limits, failures and endpoints are each of one account in one region."""

from dataclasses import dataclass

from cmlfleet.domain.identifiers import AccountId, Region


@dataclass(frozen=True, slots=True, order=True)
class AwsScope:
    account_id: AccountId
    region: Region

    def __str__(self) -> str:
        return f"{self.account_id}/{self.region}"
