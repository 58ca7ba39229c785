"""Where an instance is to be found."""

from dataclasses import dataclass

from cmlfleet.domain.identifiers import AccountId, InstanceId, Region


@dataclass(frozen=True, slots=True, order=True)
class InstanceRef:
    """An EC2 instance's full name: an instance id is unique only within its account and region."""

    account_id: AccountId
    region: Region
    instance_id: InstanceId
