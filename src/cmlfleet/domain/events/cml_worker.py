"""The domain events of a CML worker. Each is raised on a change, never on a mere reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.instance_ref import InstanceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerImportedDomainEvent(DomainEvent):
    """An instance became a worker, by an explicit import or by its discovery tags."""

    instance: InstanceRef
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerForgottenDomainEvent(DomainEvent):
    """A person had the record removed; the instance lives on."""

    instance: InstanceRef
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerStatusChangedDomainEvent(DomainEvent):
    """EC2's state of the instance changed."""

    before: str
    after: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerAddressesChangedDomainEvent(DomainEvent):
    """A private or public IP address came, went or changed."""

    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerEndpointChangedDomainEvent(DomainEvent):
    """The address of the CML API changed; `reason` says why there is none."""

    before: str | None
    after: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerTagsChangedDomainEvent(DomainEvent):
    """EC2 tags changed; a discovery tag that disappears is among them and forgets nothing."""

    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerEC2ChecksChangedDomainEvent(DomainEvent):
    """EC2's status checks changed, in EC2's words."""

    before: Mapping[str, str | None] | None
    after: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerScheduledEventsChangedDomainEvent(DomainEvent):
    """AWS scheduled, moved or cancelled a retirement, reboot or stop of the host."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerUtilizationThresholdCrossedDomainEvent(DomainEvent):
    """A utilization rose to its upper threshold or fell under its lower one; percent, 0 to 100."""

    figure: str
    percent: float
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerHealthChangedDomainEvent(DomainEvent):
    """The one-word verdict on the worker changed."""

    before: str
    after: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLReadinessChangedDomainEvent(DomainEvent):
    """CML became able, or ceased to be able, to start nodes. None: not known."""

    before: bool | None
    after: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLSystemInfoUpdatedDomainEvent(DomainEvent):
    """The controller's system information changed, its version most of all."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLMaintenanceModeChangedDomainEvent(DomainEvent):
    """An administrator of the controller switched its maintenance mode."""

    before: bool | None
    after: bool
    notice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLComputeHostsChangedDomainEvent(DomainEvent):
    """A compute host of the cluster joined, left, or lost or regained its connection."""

    before: Mapping[str, bool | None]
    after: Mapping[str, bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLabAppearedDomainEvent(DomainEvent):
    """A lab is on the worker that was not there before."""

    lab_id: LabId
    title: str
    owner: str | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLabRemovedDomainEvent(DomainEvent):
    """A lab is no longer on the worker."""

    lab_id: LabId
    title: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLabStateChangedDomainEvent(DomainEvent):
    """A lab's state changed, in CML's words."""

    lab_id: LabId
    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLicenseChangedDomainEvent(DomainEvent):
    """The licence's registration, authorization, product, limit or expiry changed; None: not known."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerSourceFailingDomainEvent(DomainEvent):
    """A source began to fail; raised once, not at each failed reading."""

    source: str
    error_code: str
    detail: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerSourceRecoveredDomainEvent(DomainEvent):
    """A source that failed gave a good answer again."""

    source: str
    error_code: str | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLCertificatePinnedDomainEvent(DomainEvent):
    """The endpoint's certificate was trusted on first use, or accepted by a person; SHA-256 fingerprints."""

    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLCertificateChangedDomainEvent(DomainEvent):
    """The endpoint presented another certificate than the pinned one; nothing secret was sent to it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLCertificateSharedDomainEvent(DomainEvent):
    """Other workers present the same certificate: a cloned image, whose key everybody with a copy has. `workers` is
    how many others."""

    fingerprint: str
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerLabelsChangedDomainEvent(DomainEvent):
    """A person changed the worker's labels or note."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLWorkerCredentialsChangedDomainEvent(DomainEvent):
    """The worker was given credentials of its own, or they were removed. The values are never in an event."""

    before: str
    after: str


EVENT_TYPES = frozenset(kind.__name__ for kind in DomainEvent.__subclasses__())
"""Every name under which an event may be stored."""
