"""A process that saves: `python writing_process.py URL WORKER_ID TIMES` adds one to a count in a worker's note."""

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cmlfleet.application.ports.storage import VersionConflict
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence.secret_key import GivenKeys
from cmlfleet.persistence.storage import Storage
from tests.integration.persistence.records import SECRET_KEY, status_changed
from tests.support.workers import NOW


async def add_up(url: str, worker_id: str, times: int) -> None:
    """Reads again and tries again whenever somebody else was quicker, as the product does."""
    storage = Storage(url=url, data_dir=Path(tempfile.gettempdir()), keys=GivenKeys(SECRET_KEY), clock=lambda: NOW)
    done = 0
    while done < times:
        state = await storage.workers.load(WorkerId(worker_id))
        assert state is not None
        count = str(int(state.note or 0) + 1)
        try:
            await storage.workers.save(replace(state, note=count), events=[status_changed(worker_id, count)])
        except VersionConflict:
            continue
        done += 1
    await storage.close()


if __name__ == "__main__":
    asyncio.run(add_up(sys.argv[1], sys.argv[2], int(sys.argv[3])))
