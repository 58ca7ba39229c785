"""Labels and note: what people write on a worker."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import LabelChanged, LabelGuarded, VersionChanged
from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal, Role
from cmlfleet.application.queries.views import WorkerView
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.identifiers import WorkerId

GuardedLabels = Callable[[], Awaitable[frozenset[str]]]
"""The keys of labels that team limits use now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkerCommand(Message[WorkerView]):
    """Labels are merged, a null removes one. `changes_note` tells a note of None from no word about the note.

    `expected_labels` are labels as the sender read them: where one is another by now, nothing is changed. Neither is
    a worker whose version is none of `expected_versions`, where they are given.
    """

    worker_id: WorkerId
    labels: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    expected_labels: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    expected_versions: frozenset[int] | None = None
    note: str | None = None
    changes_note: bool = False


class UpdateWorkerCommandHandler:
    """Raises WorkerNotFound, LabelGuarded, LabelChanged, VersionChanged and StorageUnavailable."""

    def __init__(self, *, shelf: WorkerShelf, guarded_labels: GuardedLabels, clock: Clock) -> None:
        self._shelf = shelf
        self._guarded_labels = guarded_labels
        self._clock = clock

    async def handle_async(self, message: UpdateWorkerCommand, principal: Principal) -> WorkerView:
        """The worker as saved."""
        if message.labels and (principal.role is not Role.ADMIN or principal.limit is not None):
            guarded = await self._guarded_labels() & message.labels.keys()
            if guarded:
                raise LabelGuarded(guarded)
        now = self._clock()

        def apply(worker: CMLWorker) -> None:
            labels, versions = worker.state.labels, message.expected_versions
            if versions is not None and worker.state.version not in versions:
                raise VersionChanged(worker.state.version)
            for key, expected in message.expected_labels.items():
                if labels.get(key) != expected:
                    raise LabelChanged(key, labels.get(key))
            note = message.note if message.changes_note else worker.state.note
            worker.relabel(labels=message.labels, note=note, at=now)

        cause = Cause(actor=principal.name, command=UpdateWorkerCommand.__name__)
        worker = await self._shelf.change(message.worker_id, cause=cause, apply=apply)
        return worker_view(worker.state, now=now)
