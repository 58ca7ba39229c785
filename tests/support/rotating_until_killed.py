"""A process that rotates the secret key, one line a batch: `… rotating_until_killed URL KEY_FILE`."""

import asyncio
import os
import sys
from pathlib import Path

from cmlfleet.persistence import key_rotation
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.secret_key import KeyFile


def _tell(done: int) -> None:
    os.write(1, f"{done}\n".encode())
    sys.stdin.readline()  # goes on, or is killed, as the test wants


async def _run(url: str, key_file: Path) -> None:
    database = Database(url)
    await key_rotation.KeyRotation(database, KeyFile(key_file), tell=_tell).run()
    await database.close()


if __name__ == "__main__":
    key_rotation.BATCH = 10
    asyncio.run(_run(sys.argv[1], Path(sys.argv[2])))
