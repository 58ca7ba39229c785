"""A process that saves workers with events, and delivers them, until it is killed: `… saving_until_killed URL`.

Each line says what was done by then: `saved WORKER VERSION EVENT EVENT`, or `delivered EVENT`.
"""

import asyncio
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence.secret_key import GivenKeys
from cmlfleet.persistence.storage import Storage
from tests.integration.persistence.records import SECRET_KEY, status_changed
from tests.support.workers import NOW


def report(*words: object) -> None:
    """One line at once, so that a kill cuts none in two."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def deliver(event: StoredEvent) -> None:
    """What a handler does."""
    report("delivered", event.event_id)


async def save_on(storage: Storage, delivery: OutboxDelivery, state: CMLWorkerState) -> None:
    """Two events a save, which name the version that they belong to."""
    while True:
        version = state.version + 1
        events = [status_changed(state.id, f"{version}{half}") for half in "ab"]
        state = await storage.workers.save(
            replace(state, note=f"note {version}"), events=events, samples=[Sample(at=NOW, cpu_utilization=1.0)]
        )
        report("saved", state.id, state.version, *(event.event_id for event in events))
        delivery.wake()


async def run(url: str) -> None:
    """Never ends by itself."""
    storage = Storage(url=url, data_dir=Path(tempfile.gettempdir()), keys=GivenKeys(SECRET_KEY), clock=lambda: NOW)
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"deliver": deliver})
    delivery.start()
    await asyncio.gather(*(save_on(storage, delivery, state) for state in await storage.workers.all_states()))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
