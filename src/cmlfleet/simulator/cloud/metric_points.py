"""The datapoints that CloudWatch has of an instance."""

import math
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from cmlfleet.simulator.cloud.instance import CloudInstance

DETAILED_PERIOD_SECONDS = 60
BASIC_PERIOD_SECONDS = 300
DETAILED_DELAY_SECONDS = 45  # how long after its period a point can be read; AWS promises nothing
BASIC_DELAY_SECONDS = 90

CPU = "CPUUtilization"
MEMORY = "mem_used_percent"

_IDLE_CPU_PERCENT = 2.5  # an instance that nothing is simulated on
_IDLE_MEMORY_PERCENT = 8.0
_SWING = 0.12  # how far past points lie from the present load, as a part of it
_REMEMBERED_POINTS = 48


class Datapoint(NamedTuple):
    """`at` is the start of its period, in whole seconds since 1970."""

    at: int
    value: float


class PointHistory:
    """What was once published never changes: the newest point takes the load of the moment it is first asked
    for, and keeps it."""

    def __init__(self) -> None:
        self._published: dict[tuple[str, str], dict[int, float]] = {}

    def points(
        self, *, instance: CloudInstance, metric: str, from_at: float, to_at: float, now_at: float
    ) -> list[Datapoint]:
        """The points whose period begins in [from_at, to_at) and that can be read by now, oldest first."""
        period = spacing_seconds(instance, metric)
        delay = BASIC_DELAY_SECONDS if period == BASIC_PERIOD_SECONDS else DETAILED_DELAY_SECONDS
        newest = int((now_at - delay - period) // period) * period
        first = -int(-from_at // period) * period
        last = min(newest, -int(-to_at // period) * period - period)
        found: list[Datapoint] = []
        known = self._published.setdefault((instance.instance_id, metric), {})
        present: float | None = None
        ran = _running_times(instance)
        for at in range(first, last + 1, period):
            if not any(began < at + period and ended > at for began, ended in ran):
                continue
            value = known.get(at)
            if value is None:
                present = _PRESENT[metric](instance) if present is None else present
                value = present if at == newest else _past_value(instance, at, present)
                known[at] = value
            found.append(Datapoint(at, value))
        while len(known) > _REMEMBERED_POINTS:
            del known[min(known)]
        return found


def spacing_seconds(instance: CloudInstance, metric: str) -> int:
    """How far the points lie apart: the agent publishes each minute, whatever the monitoring mode."""
    if metric == CPU and not instance.detailed_monitoring:
        return BASIC_PERIOD_SECONDS
    return DETAILED_PERIOD_SECONDS


def _running_times(instance: CloudInstance) -> list[tuple[float, float]]:
    return [
        (period.began_at.timestamp(), math.inf if period.ended_at is None else period.ended_at.timestamp())
        for period in instance.run_periods
    ]


def ran_since(instance: CloudInstance, moment: datetime) -> bool:
    """Whether it ran at any time after that moment."""
    if not instance.run_periods:
        return False
    ended = instance.run_periods[-1].ended_at
    return ended is None or ended > moment


def _past_value(instance: CloudInstance, at: int, present: float) -> float:
    spread = (zlib.crc32(f"{instance.instance_id}{at}".encode()) % 2001 - 1000) / 1000
    return round(min(100.0, max(0.0, present * (1 + _SWING * spread))), 4)


def _cpu(instance: CloudInstance) -> float:
    return _IDLE_CPU_PERCENT if instance.load is None else round(instance.load.cpu_percent(), 4)


def _memory(instance: CloudInstance) -> float:
    return _IDLE_MEMORY_PERCENT if instance.load is None else round(instance.load.memory_percent(), 4)


_PRESENT: dict[str, Callable[[CloudInstance], float]] = {CPU: _cpu, MEMORY: _memory}
