"""Workers' records with their events, loaded and saved in groups."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.application.ports.storage import KnownInstance, StorageUnavailable, VersionConflict, WorkerAlreadyKnown
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus, copied_state
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import tables
from cmlfleet.persistence.coalescing import Coalesced
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.prepared import NEW, Prepared
from cmlfleet.persistence.sample_rows import write_samples
from cmlfleet.persistence.worker_rows import decode, labels_index, row_of

IN_ONE_GROUP = 250  # beyond this a larger transaction saves nothing more and holds up everybody else
_IDS_IN_A_STATEMENT = 1_000  # PostgreSQL takes 32,767; the first readings of a full group may raise more events
_EVENTS_LOCK = 0x636D6C66  # "cmlf": an arbitrary number that nothing else in the database should lock

_NEVER_CHANGED = frozenset({"id", "account_id", "region", "instance_id", "created_at"})
_insert = Prepared(
    insert(tables.workers).values({column: bindparam(NEW + column.name) for column in tables.workers.c})
)
_update = Prepared(
    update(tables.workers)
    .where(tables.workers.c.id == bindparam("id"), tables.workers.c.version == bindparam("version_before"))
    .values(
        {column: bindparam(NEW + column.name) for column in tables.workers.c if column.name not in _NEVER_CHANGED}
    )
)
_lift_tombstone = Prepared(
    delete(tables.tombstones).where(
        tables.tombstones.c.account_id == bindparam("account_id"),
        tables.tombstones.c.region == bindparam("region"),
        tables.tombstones.c.instance_id == bindparam("instance_id"),
    )
)


@dataclass(frozen=True, slots=True)
class _Save:
    state: CMLWorkerState
    events: Sequence[DomainEvent]
    samples: Sequence[Sample] = ()


_Answers = Sequence[CMLWorkerState | BaseException]


class SqlWorkerStore:
    """Implements `WorkerStore` on both databases."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loads: Coalesced[WorkerId, CMLWorkerState | None] = Coalesced(self._load_group, at_most=IN_ONE_GROUP)
        self._saves: Coalesced[_Save, CMLWorkerState] = Coalesced(
            lambda saves: _at_best_together(saves, self._save_together), at_most=IN_ONE_GROUP
        )
        self._adds: Coalesced[_Save, CMLWorkerState] = Coalesced(
            lambda adds: _at_best_together(adds, self._add_together), at_most=IN_ONE_GROUP
        )

    async def load(self, worker_id: WorkerId) -> CMLWorkerState | None:
        """The record, or None. Raises StorageUnavailable."""
        return await self._loads.ask(worker_id)

    async def save(
        self, state: CMLWorkerState, *, events: Sequence[DomainEvent] = (), samples: Sequence[Sample] = ()
    ) -> CMLWorkerState:
        """Save over the version the state names. Raises VersionConflict and StorageUnavailable."""
        return await self._saves.ask(_Save(state, tuple(events), tuple(samples)))

    async def add(self, state: CMLWorkerState, *, events: Sequence[DomainEvent]) -> CMLWorkerState:
        """Add a record. Raises WorkerAlreadyKnown and StorageUnavailable."""
        try:
            return await self._adds.ask(_Save(state, tuple(events)))
        except IntegrityError:
            known = await self.worker_id_of(state.instance)
            if known is None:
                raise
            raise WorkerAlreadyKnown(known) from None

    async def remove(self, worker_id: WorkerId, *, event: DomainEvent) -> CMLWorkerState | None:
        """Remove the record and leave a tombstone. Raises StorageUnavailable."""
        async with self._database.writing() as connection:
            found = await connection.execute(
                select(tables.workers.c.document).where(tables.workers.c.id == worker_id).with_for_update()
            )
            document = found.scalar()
            if document is None:
                return None
            state = decode(document)
            await connection.execute(delete(tables.workers).where(tables.workers.c.id == worker_id))
            await connection.execute(delete(tables.tombstones).where(*_same_instance(tables.tombstones, state)))
            await connection.execute(
                insert(tables.tombstones),
                {
                    "account_id": state.account_id,
                    "region": state.region,
                    "instance_id": state.instance_id,
                    "forgotten_at": event.occurred_at,
                },
            )
            await connection.execute(
                insert(tables.forgotten_workers),
                {
                    "worker_id": state.id,
                    "account_id": state.account_id,
                    "labels_index": labels_index(state.labels),
                    "forgotten_at": event.occurred_at,
                },
            )
            await _write_events(connection, [event])
            return state

    async def known_instances(
        self, account_id: AccountId | None = None, region: Region | None = None
    ) -> Sequence[KnownInstance]:
        """Every worker of the account and region. Raises StorageUnavailable."""
        return await self._known(monitored_only=False, account_id=account_id, region=region)

    async def monitored(self) -> Sequence[KnownInstance]:
        """Who is under background monitoring. Raises StorageUnavailable."""
        return await self._known(monitored_only=True, account_id=None, region=None)

    async def certificate_sharing_to_note(self) -> Mapping[WorkerId, int]:
        """Raises StorageUnavailable."""
        columns = tables.workers.c
        counts = (
            select(columns.certificate, func.count().label("holders"))
            .where(columns.gone_at.is_(None), columns.certificate.is_not(None))
            .group_by(columns.certificate)
            .subquery()
        )
        others = case((columns.gone_at.is_not(None), 0), else_=func.coalesce(counts.c.holders, 1) - 1)
        query = (
            select(columns.id, others)
            .select_from(tables.workers.outerjoin(counts, columns.certificate == counts.c.certificate))
            .where(columns.certificate_shared_with != others)
        )
        async with self._database.reading() as connection:
            return {WorkerId(worker_id): count for worker_id, count in await connection.execute(query)}

    async def forgotten_instances(self, account_id: AccountId, region: Region) -> frozenset[InstanceId]:
        """Instances whose records people removed. Raises StorageUnavailable."""
        query = select(tables.tombstones.c.instance_id).where(
            tables.tombstones.c.account_id == account_id, tables.tombstones.c.region == region
        )
        async with self._database.reading() as connection:
            return frozenset(InstanceId(row) for row in (await connection.execute(query)).scalars())

    async def worker_id_of(self, instance: InstanceRef) -> WorkerId | None:
        """Raises StorageUnavailable."""
        query = select(tables.workers.c.id).where(*_same_instance(tables.workers, instance))
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).scalar()
            return None if found is None else WorkerId(found)

    async def versions(self) -> Mapping[WorkerId, int]:
        """Raises StorageUnavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.workers.c.id, tables.workers.c.version))
            return {WorkerId(row.id): row.version for row in rows}

    async def all_states(self) -> Sequence[CMLWorkerState]:
        """Raises StorageUnavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.workers.c.document))
            return [decode(document) for document in rows.scalars()]

    async def _known(
        self, *, monitored_only: bool, account_id: AccountId | None, region: Region | None
    ) -> Sequence[KnownInstance]:
        table = tables.workers.c
        query = select(table.id, table.account_id, table.region, table.instance_id, table.status)
        if monitored_only:
            query = query.where(table.monitoring_active.is_(True))
        if account_id is not None:
            query = query.where(table.account_id == account_id)
        if region is not None:
            query = query.where(table.region == region)
        async with self._database.reading() as connection:
            return [
                KnownInstance(
                    worker_id=WorkerId(row.id),
                    instance=InstanceRef(AccountId(row.account_id), Region(row.region), InstanceId(row.instance_id)),
                    status=WorkerStatus(row.status),
                )
                for row in await connection.execute(query)
            ]

    async def _load_group(self, worker_ids: Sequence[WorkerId]) -> Sequence[CMLWorkerState | None]:
        query = select(tables.workers.c.id, tables.workers.c.document).where(
            tables.workers.c.id.in_(tuple(dict.fromkeys(worker_ids)))
        )
        async with self._database.reading() as connection:
            documents = {row.id: row.document for row in await connection.execute(query)}
        # Each caller gets a state of its own: they change it.
        return [
            None if (document := documents.get(worker_id)) is None else decode(document) for worker_id in worker_ids
        ]

    async def _add_together(self, adds: Sequence[_Save]) -> _Answers:
        added = [replace(add.state, version=1) for add in adds]
        rows = [row_of(state) for state in added]
        async with self._database.writing() as connection:
            await _insert.execute(connection, rows)
            await _lift_tombstone.execute(connection, rows)
            await _write_events(connection, [event for add in adds for event in add.events])
        return added

    async def _save_together(self, saves: Sequence[_Save]) -> _Answers:
        ids = {save.state.id for save in saves}
        query = select(tables.workers.c.id, tables.workers.c.version).where(tables.workers.c.id.in_(ids))
        answers: list[CMLWorkerState | BaseException] = []
        rows: list[dict[str, Any]] = []
        events: list[DomainEvent] = []
        samples: list[tuple[WorkerId, Sample]] = []
        async with self._database.writing() as connection:
            # In the order of ids, so that two processes never wait for each other's rows crosswise.
            locked = await connection.execute(query.order_by(tables.workers.c.id).with_for_update())
            stored = {row.id: row.version for row in locked}
            for save in saves:
                state = save.state
                # A second save of the same version in this group has lost its race, too.
                if stored.pop(state.id, None) != state.version:
                    answers.append(VersionConflict(state.id))
                    continue
                saved = copied_state(state)
                saved.version += 1
                rows.append({"version_before": state.version, **row_of(saved)})
                events += save.events
                samples += [(state.id, sample) for sample in save.samples]
                answers.append(saved)
            if rows:
                await _update.execute(connection, rows)
                await _write_events(connection, events)
                await write_samples(connection, samples)
        return answers


async def _at_best_together(
    saves: Sequence[_Save], save: Callable[[Sequence[_Save]], Awaitable[_Answers]]
) -> _Answers:
    """One bad row must not take the others with it: when all fail, each is tried alone."""
    try:
        return await save(saves)
    except StorageUnavailable:
        raise
    except Exception as error:
        if len(saves) == 1:
            return [error]
    answers: list[CMLWorkerState | BaseException] = []
    for each in saves:
        answers += await _at_best_together([each], save)
    return answers


def _same_instance(table: Any, instance: InstanceRef | CMLWorkerState) -> tuple[Any, ...]:
    return (
        table.c.account_id == instance.account_id,
        table.c.region == instance.region,
        table.c.instance_id == instance.instance_id,
    )


async def _write_events(connection: AsyncConnection, events: Sequence[DomainEvent]) -> None:
    if not events:
        return
    rows = [
        {
            "event_id": event.event_id,
            "type": event.type_name,
            "worker_id": event.worker_id,
            "occurred_at": event.occurred_at,
            "actor": event.cause.actor,
            "cause": event.cause.command,
            "data": msgspec.json.encode(event.data()),
        }
        for event in events
    ]
    if connection.dialect.name == "postgresql":
        # Sequences are drawn before the commit: without this, a reader could see a later one while an earlier one
        # may still come, and pass it by. Always the last lock that a transaction takes, so nobody waits crosswise.
        await connection.execute(select(func.pg_advisory_xact_lock(_EVENTS_LOCK)))
    await connection.execute(insert(tables.events), rows)
    for start in range(0, len(events), _IDS_IN_A_STATEMENT):
        ids = [event.event_id for event in events[start : start + _IDS_IN_A_STATEMENT]]
        stored = select(tables.events.c.sequence).where(tables.events.c.event_id.in_(ids))
        await connection.execute(insert(tables.outbox).from_select(["sequence"], stored))
