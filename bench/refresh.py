"""Refreshes: what one costs over its sources, and how many of 500 at once are done a second."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import uvloop

from bench.simulated_cloud import SimulatedCloud, simulated_cloud
from cmlfleet.application.commands.import_workers_command import ImportWorkersCommand
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.queries.views import RefreshReport
from cmlfleet.composition import Service
from cmlfleet.domain.identifiers import InstanceId, Region, WorkerId
from cmlfleet.garbage_collection import GarbageCollection
from cmlfleet.settings import load_settings

AT_ONCE = 500
SINGLE_REFRESHES = 40


def run(at_once: int = AT_ONCE) -> dict[str, Any]:
    """Figures of a service in this process against a simulator in another."""
    with simulated_cloud(at_once) as cloud, tempfile.TemporaryDirectory() as folder:
        os.environ.update(cloud.environment)
        return uvloop.run(_measure(cloud, Path(folder), at_once))


async def _measure(cloud: SimulatedCloud, folder: Path, at_once: int) -> dict[str, Any]:
    async with _service(folder) as service:
        ids = await _adopted(service, cloud)
    # Another service on the same data: it has no connection, no sign-in and nothing in memory yet.
    async with _service(folder) as service:
        GarbageCollection().begin()
        return {
            "at_once": at_once,
            "cold": await _all_at_once(service, cloud, ids),
            "warm": await _all_at_once(service, cloud, ids),
            "warm again": await _all_at_once(service, cloud, ids),
            "scheduled": await _all_at_once(service, cloud, ids, background=True),
            "scheduled again": await _all_at_once(service, cloud, ids, background=True),
            "single": await _one_by_one(service, ids[0]),
        }


@asynccontextmanager
async def _service(folder: Path) -> AsyncGenerator[Service]:
    """A service in which nothing but what is measured asks the sources: no sweep adopts, no schedule refreshes."""
    environment = {**os.environ, "CMLFLEET_DISCOVERY_TAGS": ""}
    service = Service(load_settings(environ=environment, overrides={"data_dir": folder}))
    await service.start(roles=("api",))
    try:
        await service.learn_accounts()
        yield service
    finally:
        await service.stop()


async def _adopted(service: Service, cloud: SimulatedCloud) -> list[WorkerId]:
    instances = cloud.control.call("GET", "/workers")["workers"]
    result = await service.mediator.execute_async(
        ImportWorkersCommand(
            region=Region(instances[0]["region"]),
            instance_ids=tuple(InstanceId(entry["instance_id"]) for entry in instances),
        )
    )
    return [WorkerId(view.id) for view in result.imported]


async def _all_at_once(
    service: Service, cloud: SimulatedCloud, ids: list[WorkerId], *, background: bool = False
) -> dict[str, Any]:
    cloud.forget_calls()
    own = psutil.Process()
    before, theirs, started = own.cpu_times(), cloud.cpu_seconds(), time.perf_counter()
    results = await asyncio.gather(
        *(service.mediator.execute_async(RefreshWorkerMetricsCommand(worker_id, background)) for worker_id in ids)
    )
    seconds = time.perf_counter() - started
    after = own.cpu_times()
    cpu_seconds = after.user + after.system - before.user - before.system
    return {
        "refreshes": len(results),
        "all_ok": sum(_all_ok(result) for result in results),
        "per_second": round(len(results) / seconds, 1),
        "product_cpu_ms_per_refresh": round(1000 * cpu_seconds / len(results), 2),
        "simulator_cpu_ms_per_refresh": round(1000 * (cloud.cpu_seconds() - theirs) / len(results), 2),
        "aws_calls": cloud.calls(),
    }


async def _one_by_one(service: Service, worker_id: WorkerId) -> dict[str, Any]:
    """The cost of one refresh over EC2's answer plus the slower of the other two, batching windows included."""
    over: list[float] = []
    totals: list[float] = []
    for _ in range(SINGLE_REFRESHES):
        result = await service.mediator.execute_async(RefreshWorkerMetricsCommand(worker_id))
        sources = result.sources
        over.append(
            result.duration_ms
            - sources.ec2.duration_ms
            - max(sources.cloudwatch.duration_ms, sources.cml.duration_ms)
        )
        totals.append(result.duration_ms)
    return {
        "total_ms_median": round(statistics.median(totals), 1),
        "over_sources_ms_median": round(statistics.median(over), 1),
        "over_sources_ms_max": round(max(over), 1),
    }


def _all_ok(result: RefreshReport) -> bool:
    sources = result.sources
    return all(report.outcome == "ok" for report in (sources.ec2, sources.cloudwatch, sources.cml))
