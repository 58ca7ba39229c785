"""Adopting instances because a person or a script asked for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import InvalidRequest, SourceDenied, SourceUnavailable
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sources import EC2Source
from cmlfleet.application.ports.storage import WorkerAlreadyKnown, WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import ImportResult, WorkerView
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.configured_scopes import Scopes, scope_of
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.facts import EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import InstanceId, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import ErrorCode

IMPORT = "import"
"""The kind of the operation that reads what was imported for the first time."""

_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_ENDED = frozenset({"shutting-down", "terminated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWorkersCommand(Message[ImportResult]):
    """By ids, or by tags that must all match; importing what is known changes nothing."""

    region: str
    account_id: str | None = None
    instance_ids: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    dry_run: bool = False


class ImportWorkersCommandHandler:
    """Unknown ids are reported and harm nobody else; a forgotten instance is adopted again."""

    def __init__(
        self,
        *,
        ec2: EC2Source,
        workers: WorkerStore,
        adoption: Adoption,
        operations: OperationRunner,
        scopes: Scopes,
        clock: Clock,
    ) -> None:
        self._ec2 = ec2
        self._workers = workers
        self._adoption = adoption
        self._operations = operations
        self._scopes = scopes
        self._clock = clock

    async def handle_async(self, message: ImportWorkersCommand, principal: Principal) -> ImportResult:
        """Raises InvalidRequest, UnknownScope, SourceUnavailable (SourceDenied too) and StorageUnavailable."""
        if not message.instance_ids and not message.tags:
            raise InvalidRequest("give instance_ids or tags: nothing would be imported")
        account_id, region = scope_of(self._scopes(), region=message.region, account_id=message.account_id)
        wanted = tuple(dict.fromkeys(message.instance_ids))
        possible = tuple(InstanceId(wish) for wish in wanted if _INSTANCE_ID.fullmatch(wish))
        found: dict[InstanceId, EC2InstanceFact] = {}
        if possible or message.tags:
            answer = await self._ec2.find(
                account_id, region, instance_ids=possible, tags=message.tags if message.tags else None
            )
            if isinstance(answer, SourceFailure):
                denied = answer.code is ErrorCode.ACCESS_DENIED
                raise (SourceDenied if denied else SourceUnavailable)(answer.code.value, answer.detail)
            found = dict(answer)
        known = {entry.instance: entry.worker_id for entry in await self._workers.known_instances(account_id, region)}
        imported: list[WorkerView] = []
        already_known: list[WorkerId] = []
        cause = Cause(actor=principal.name, command=ImportWorkersCommand.__name__)
        new: dict[InstanceRef, EC2InstanceFact] = {}
        for instance_id, fact in found.items():
            instance = InstanceRef(account_id, region, instance_id)
            if instance in known:
                already_known.append(known[instance])
            elif fact.state in _ENDED:
                continue
            elif message.dry_run:
                imported.append(
                    worker_view(self._adoption.draft(instance, fact, cause=cause).state, now=self._clock())
                )
            else:
                new[instance] = fact
        for outcome in await self._adoption.adopt(new, cause=cause):
            if isinstance(outcome, WorkerAlreadyKnown):
                already_known.append(outcome.worker_id)
            else:
                imported.append(worker_view(outcome.state, now=self._clock()))
        reading = None
        if imported and not message.dry_run:
            new_workers = {WorkerId(view.id): view.name for view in imported}
            reading = await self._operations.start(IMPORT, new_workers, started_by=principal)
        return ImportResult(
            operation_id=None if reading is None else reading.id,
            imported=tuple(imported),
            already_known=tuple(already_known),
            not_found=tuple(
                wish for wish in wanted if (fact := found.get(InstanceId(wish))) is None or fact.state in _ENDED
            ),
        )
