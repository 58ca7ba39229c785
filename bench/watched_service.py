"""`cmlfleet`, and beside it a watch over the event loop: how long it kept whoever was due waiting.

The wall time of a stall on a machine that others use as well says little; the thread's own CPU time in it, which is
noted too, is the product's doing.
"""

import asyncio
import json
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvloop

from cmlfleet.__main__ import main

FILE_VARIABLE = "BENCH_STALLS_FILE"
_LOOK_EVERY_SECONDS = 0.01
_WRITE_EVERY = 100

_run = uvloop.run


async def _watch(file: Path) -> None:
    """Writes the longest stalls so far. Whoever reads removes the file to begin anew."""
    wall = cpu = 0.0
    for look in range(1 << 62):
        before, before_cpu = time.perf_counter(), time.thread_time()
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        late = time.perf_counter() - before - _LOOK_EVERY_SECONDS
        wall, cpu = max(wall, late), max(cpu, min(late, time.thread_time() - before_cpu))
        figures = {"wall_ms": round(1000 * wall, 1), "cpu_ms": round(1000 * cpu, 1)}
        if look % _WRITE_EVERY == 0 and not _exchange(file, figures):
            wall = cpu = 0.0


def _exchange(file: Path, figures: dict[str, float]) -> bool:
    """Whether the file was there still."""
    was_there = file.exists()
    file.write_text(json.dumps(figures))
    return was_there


async def _watched(work: Coroutine[Any, Any, Any]) -> Any:
    watch = asyncio.create_task(_watch(Path(os.environ[FILE_VARIABLE])))
    try:
        return await work
    finally:
        watch.cancel()


def _run_watched(work: Coroutine[Any, Any, Any], **options: Any) -> Any:
    return _run(_watched(work), **options)


if __name__ == "__main__":
    uvloop.run = _run_watched
    main()
