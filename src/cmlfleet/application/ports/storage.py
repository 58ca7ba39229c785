"""Where records live. Every method may raise `StorageUnavailable`; nothing is reported saved before its commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.domain.identifiers import AccountId, EventId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sample import Sample


class StorageUnavailable(Exception):
    """The database cannot be reached; what was asked for was not done."""


class DataDirectoryUnusable(StorageUnavailable):
    """The configuration names a data directory that is none, or is not ours to write to."""


class VersionConflict(Exception):
    """Somebody saved the record meanwhile: read it again and apply the same facts again."""


class WorkerAlreadyKnown(Exception):
    """The instance is a worker already; `worker_id` names it."""

    def __init__(self, worker_id: WorkerId) -> None:
        super().__init__(worker_id)
        self.worker_id = worker_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInstance:
    """What a sweep needs to know of a worker to see whether anything is to be done."""

    worker_id: WorkerId
    instance: InstanceRef
    status: WorkerStatus


class WorkerStore(Protocol):
    """The workers' records with their events: a record and its events are saved in one transaction."""

    async def load(self, worker_id: WorkerId) -> CMLWorkerState | None: ...

    async def save(
        self, state: CMLWorkerState, *, events: Sequence[DomainEvent] = (), samples: Sequence[Sample] = ()
    ) -> CMLWorkerState:
        """Save over the version that `state.version` names and answer the state with its new version.

        Raises VersionConflict when the stored record has another version or is gone.
        """
        ...

    async def add(self, state: CMLWorkerState, *, events: Sequence[DomainEvent]) -> CMLWorkerState:
        """Add a record (version 1) and lift the instance's tombstone. Raises WorkerAlreadyKnown."""
        ...

    async def remove(self, worker_id: WorkerId, *, event: DomainEvent) -> CMLWorkerState | None:
        """Remove the record, keep its history, and remember that the instance was forgotten; None: not known."""
        ...

    async def known_instances(
        self, account_id: AccountId | None = None, region: Region | None = None
    ) -> Sequence[KnownInstance]: ...

    async def forgotten_instances(self, account_id: AccountId, region: Region) -> frozenset[InstanceId]: ...

    async def worker_id_of(self, instance: InstanceRef) -> WorkerId | None: ...

    async def monitored(self) -> Sequence[KnownInstance]:
        """Who is under background monitoring; the database alone says so."""
        ...

    async def versions(self) -> Mapping[WorkerId, int]:
        """Every record's version, to see what changed without reading it all."""
        ...

    async def certificate_sharing_to_note(self) -> Mapping[WorkerId, int]:
        """Workers whose record does not say how many others have the same pinned certificate, with that number.
        One that is gone shares with nobody."""
        ...

    async def all_states(self) -> Sequence[CMLWorkerState]:
        """Every record, gone ones included; for building in-memory snapshots at start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A domain event as stored; `sequence` grows with the order of commits."""

    sequence: int
    event_id: EventId
    type: str
    worker_id: WorkerId
    occurred_at: datetime
    actor: str
    cause: str
    data: Mapping[str, Any]


class Outbox(Protocol):
    """Events that were committed and not yet delivered, in order."""

    async def pending(self, *, limit: int, after: int = 0) -> Sequence[StoredEvent]:
        """The oldest first, beginning behind the sequence `after`."""
        ...

    async def delivered(self, sequences: Sequence[int]) -> None:
        """Forget the deliveries owed; the events stay in the history."""
        ...


class CredentialsStore(Protocol):
    """CML credentials of single workers, encrypted at rest."""

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None:
        """Raises CredentialsUnavailable for some that cannot be decrypted."""
        ...

    async def put(self, worker_id: WorkerId, credentials: CMLCredentials) -> None: ...
    async def delete(self, worker_id: WorkerId) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """An API token's record; the token itself is shown once and stored only as a hash."""

    id: str
    name: str
    role: str
    created_at: datetime
    limit: TeamLimit | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


class TokenStore(Protocol):
    """API tokens by the SHA-256 hash of their text."""

    async def add(self, token: ApiToken, *, token_hash: str) -> None: ...
    async def find(self, token_hash: str) -> ApiToken | None: ...
    async def list(self) -> Sequence[ApiToken]: ...
    async def used(self, token_id: str, *, at: datetime) -> None: ...
    async def revoke(self, token_id: str) -> ApiToken | None:
        """The token as it was; None: there was none."""
        ...

    async def limited_labels(self) -> frozenset[str]:
        """The keys of labels that the tokens' team limits use."""
        ...


@dataclass(slots=True, kw_only=True)
class OperationItem:
    """One worker's part of a long work: `pending`, `running`, `done` or `failed`.

    `name` is the worker's as it was when the work began; operations of before names were kept have none.
    """

    worker_id: WorkerId
    name: str | None = None
    state: str = "pending"
    detail: str | None = None


@dataclass(slots=True, kw_only=True)
class Operation:
    """Long work with its progress: `pending`, `running`, `done`, `failed` or `partly_failed`.

    `within` is the team limit of who started it: the same team may follow it, another may not.
    """

    id: str
    kind: str
    state: str
    done: int
    total: int
    items: list[OperationItem] = field(default_factory=list[OperationItem])
    created_by: str
    created_at: datetime
    finished_at: datetime | None = None
    within: TeamLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRun:
    """Who runs an operation: a process, with a token that no other run has.

    `heard_at` is when it last saved something, None once it was handed back.
    """

    operation_id: str
    owner: str | None
    token: str | None
    heard_at: datetime | None


class OperationStore(Protocol):
    async def add(self, operation: Operation, run: OperationRun) -> None: ...
    async def save(self, operation: Operation, run: OperationRun, *, heard_at: datetime | None) -> bool:
        """Its progress, unless somebody else has taken it over: False."""
        ...

    async def unfinished(self) -> Sequence[OperationRun]: ...
    async def take_over(self, left: OperationRun, run: OperationRun) -> bool:
        """Whether it is ours now: nobody has saved or taken it since it was found as `left`."""
        ...

    async def get(self, operation_id: str) -> Operation | None: ...
    async def list(self, *, limit: int, offset: int = 0) -> Sequence[Operation]: ...
