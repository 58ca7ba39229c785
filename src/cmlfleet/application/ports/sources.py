"""The three sources a worker's record is joined from.

No method here raises for what a source did: throttling, denial, time-outs and nonsense come back as facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.facts import (
    CloudWatchFact,
    CMLFact,
    CMLReadingPlan,
    EC2Fact,
    EC2InstanceFact,
    SourceFailure,
)
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef


class EC2Source(Protocol):
    """DescribeInstances and DescribeInstanceStatus, batched over all callers of an account and region."""

    async def read(self, ref: InstanceRef, *, max_age_seconds: float) -> EC2Fact:
        """The instance as EC2 sees it, from an answer at most `max_age_seconds` old; 0 asks EC2 anew.

        With an age above zero the answer comes from the region's page sweep, which all callers share.
        """
        ...

    async def sweep(
        self, account_id: AccountId, region: Region, *, max_age_seconds: float
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        """Every visible instance of the account and region, terminated ones included."""
        ...

    async def find(
        self,
        account_id: AccountId,
        region: Region,
        *,
        instance_ids: Sequence[InstanceId] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        """Instances by ids, or by tags that must all match; unknown ids are simply absent."""
        ...


class CloudWatchSource(Protocol):
    """GetMetricData, batched over all callers of an account and region."""

    async def read(self, ref: InstanceRef, *, detailed_monitoring: bool, max_age_seconds: float) -> CloudWatchFact:
        """The newest CPU and memory datapoints of the last 5 minutes (detailed) or 15 (basic monitoring), from an
        answer at most `max_age_seconds` old; 0 asks CloudWatch anew."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLTarget:
    """A controller to be read.

    `ec2_addresses` are the addresses that EC2 reports for this very instance: credentials go nowhere else unless the
    configuration allows it. `pinned_certificate` is the SHA-256 fingerprint accepted before, None before first use.
    `has_own_credentials` spares a look into the credentials' store for the many workers without.
    """

    worker_id: WorkerId
    account_id: AccountId
    region: Region
    endpoint: str
    ec2_addresses: frozenset[str]
    pinned_certificate: str | None
    has_own_credentials: bool
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, state: CMLWorkerState) -> "CMLTarget | None":
        """The controller of a worker as it was read last; None without an endpoint."""
        if state.https_endpoint is None:
            return None
        return cls(
            worker_id=state.id,
            account_id=state.account_id,
            region=state.region,
            endpoint=state.https_endpoint,
            ec2_addresses=frozenset(state.addresses),
            pinned_certificate=state.certificate_pinned,
            has_own_credentials=state.has_own_credentials,
            labels=state.labels,
        )


class CMLSource(Protocol):
    """The REST API of CML controllers."""

    async def read(self, target: CMLTarget, plan: CMLReadingPlan) -> CMLFact:
        """One reading within the configured time limit; what was finished by then is kept."""
        ...

    async def forget(self, worker_id: WorkerId) -> None:
        """Drop what is remembered of a controller: token, connections, sign-in back-off."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLCredentials:
    """How to sign in: a local CML account, or a ready token. Never shown, never logged."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


class CredentialsUnavailable(Exception):
    """Credentials are configured for a worker and cannot be had; the text says which, and why."""


class CMLCredentialsProvider(Protocol):
    """Which credentials hold for a worker: its own, then those of the first rule that matches, then the fleet's."""

    async def credentials_for(self, target: CMLTarget) -> CMLCredentials | None:
        """None where none are configured. Raises CredentialsUnavailable and StorageUnavailable."""
        ...

    async def refused(self, target: CMLTarget, credentials: CMLCredentials, *, forced: bool) -> CMLCredentials | None:
        """The controller does not take these: what holds now, where they may have changed at their source.

        None where they are the same still. `forced` (a person waits) looks at once, whenever somebody looked last.
        Raises StorageUnavailable.
        """
        ...
