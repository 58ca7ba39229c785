"""Who follows saved records hears of each, right after its commit."""

from collections.abc import Callable

import structlog

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState

SavedRecordObserver = Callable[[CMLWorkerState | None, CMLWorkerState | None], None]
"""Gets the record before (None: new) and after (None: forgotten)."""

logger = structlog.get_logger(__name__)


class SavedRecords:
    """A synchronous fan-out. An observer that breaks harms neither the others nor the command that saved."""

    def __init__(self) -> None:
        self._observers: list[SavedRecordObserver] = []

    def subscribe(self, observer: SavedRecordObserver) -> None:
        """From the next commit on."""
        self._observers.append(observer)

    def unsubscribe(self, observer: SavedRecordObserver) -> None:
        """From now on no more."""
        self._observers.remove(observer)

    def publish(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """Tell every observer."""
        for observer in tuple(self._observers):
            try:
                observer(before, after)
            except Exception:
                logger.exception("saved_record_observer_broke", observer=repr(observer))
