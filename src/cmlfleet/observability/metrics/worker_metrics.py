"""The workers' gauges: a snapshot of the saved records, shown to Prometheus and OpenTelemetry alike."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cmlfleet.application.queries.worker_view import seconds_up, up_since
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, WorkerStatus
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import Outcome, Source

IN_ONE_SLICE = 500  # workers written without letting go of the event loop: about 10 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One instrument, by its OpenTelemetry name and as Prometheus sees it."""

    otel: str
    prometheus: str
    unit: str
    help: str
    type: str = "gauge"


GAUGES = {
    gauge.otel: gauge
    for gauge in (
        Gauge(otel="cml.worker.status", prometheus="cml_worker_status", unit="1", help="1 for EC2's present state."),
        Gauge(otel="cml.worker.health", prometheus="cml_worker_health", unit="1", help="1 for the present health."),
        Gauge(
            otel="cml.worker.info",
            prometheus="cml_worker_info",
            unit="1",
            help="1, with what describes the worker as labels.",
        ),
        Gauge(
            otel="cml.worker.cpu_utilization",
            prometheus="cml_worker_cpu_utilization_percent",
            unit="%",
            help="CPU of the host, percent.",
        ),
        Gauge(
            otel="cml.worker.memory_utilization",
            prometheus="cml_worker_memory_utilization_percent",
            unit="%",
            help="Memory of the host in use, percent.",
        ),
        Gauge(
            otel="cml.worker.disk_utilization",
            prometheus="cml_worker_disk_utilization_percent",
            unit="%",
            help="Disk in use, percent.",
        ),
        Gauge(
            otel="cml.worker.labs_count",
            prometheus="cml_worker_labs_count",
            unit="{lab}",
            help="Labs on the worker, of all users.",
            type="untyped",  # promtool keeps names that end in _count for histograms, where a type is given
        ),
        Gauge(
            otel="cml.worker.nodes_running",
            prometheus="cml_worker_nodes_running",
            unit="{node}",
            help="Nodes that run.",
        ),
        Gauge(
            otel="cml.worker.nodes_limit",
            prometheus="cml_worker_nodes_limit",
            unit="{node}",
            help="Nodes that the licence allows to run.",
        ),
        Gauge(
            otel="cml.worker.uptime_seconds",
            prometheus="cml_worker_uptime_seconds",
            unit="s",
            help="Time since CML is ready or the instance was launched, whichever came later.",
        ),
        Gauge(
            otel="cml.worker.data_age_seconds",
            prometheus="cml_worker_data_age_seconds",
            unit="s",
            help="Time since the last good reading of the source.",
        ),
    )
}

Series = tuple[str, dict[str, str], float]
"""An instrument's OpenTelemetry name, attributes and value."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a worker's series are made from. The whole record is sixteen times as large."""

    id: WorkerId
    account_id: str
    labels: Mapping[str, str]
    region: str
    instance_id: str
    instance_type: str | None
    name: str
    cml_version: str | None
    status: WorkerStatus
    health: Health
    figures: tuple[float | None, ...]
    up_since: datetime | None
    read_at: tuple[tuple[Source, datetime], ...]


class WorkerMetrics:
    """Follows the saved records. A worker that is gone or forgotten has no series from the next scrape on."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._shown: dict[WorkerId, _Shown] = {}

    def load(self, states: Iterable[CMLWorkerState]) -> None:
        """Begin, or begin anew, with what is stored."""
        self._shown.clear()
        for state in states:
            self.follow(None, state)

    def follow(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """A record was saved, or (after None) forgotten."""
        if after is not None and not after.is_gone:
            self._shown[after.id] = _shown(after)
            return
        ended = after or before
        if ended is not None:
            self._shown.pop(ended.id, None)

    def series(self) -> Iterator[Series]:
        """Every series that has a value now."""
        now = self._clock()
        for shown in tuple(self._shown.values()):
            yield from _series_of(shown, now)

    async def exposition(self, within: TeamLimit | None = None) -> bytes:
        """The text that Prometheus scrapes, written in slices so that nothing else waits for it."""
        lines: dict[str, list[str]] = {name: [] for name in GAUGES}
        now = self._clock()
        for index, shown in enumerate(tuple(self._shown.values())):
            if index % IN_ONE_SLICE == IN_ONE_SLICE - 1:
                await asyncio.sleep(0)
            if within is not None and not within.admits(shown):
                continue
            for name, attributes, value in _series_of(shown, now):
                labels = ",".join(f'{key}="{_escaped(text)}"' for key, text in attributes.items())
                lines[name].append(f"{GAUGES[name].prometheus}{{{labels}}} {value!r}")
        text: list[str] = []
        for name, gauge in GAUGES.items():
            if lines[name]:
                text += [
                    f"# HELP {gauge.prometheus} {gauge.help}",
                    f"# TYPE {gauge.prometheus} {gauge.type}",
                    *lines[name],
                ]
        return ("\n".join(text) + "\n").encode() if text else b""

    def observe_with(self, meter: Any) -> None:
        """Register the same gauges as observable instruments of an OpenTelemetry meter."""
        from opentelemetry.metrics import Observation  # noqa: PLC0415 - only where OTLP is configured

        waiting: dict[str, list[Any]] = {}

        def take(wanted: str) -> Sequence[Any]:
            # A collection asks instrument after instrument: the first one reads the fleet for all of them.
            if wanted not in waiting:
                waiting.update({name: [] for name in GAUGES})
                for name, attributes, value in self.series():
                    waiting[name].append(Observation(value, attributes))
            return waiting.pop(wanted)

        def callback(wanted: str) -> Callable[[Any], Sequence[Any]]:
            return lambda _options: take(wanted)

        for gauge in GAUGES.values():
            meter.create_observable_gauge(
                gauge.otel, callbacks=[callback(gauge.otel)], unit=gauge.unit, description=gauge.help
            )


_FIGURES = (
    "cml.worker.cpu_utilization",
    "cml.worker.memory_utilization",
    "cml.worker.disk_utilization",
    "cml.worker.labs_count",
    "cml.worker.nodes_running",
    "cml.worker.nodes_limit",
)


def _shown(state: CMLWorkerState) -> _Shown:
    return _Shown(
        id=state.id,
        account_id=str(state.account_id),
        labels=state.labels,
        region=str(state.region),
        instance_id=str(state.instance_id),
        instance_type=state.instance_type,
        name=state.name,
        cml_version=state.cml_version,
        status=state.status,
        health=state.health,
        figures=(
            state.cpu_utilization,
            state.memory_utilization,
            state.disk_utilization,
            state.labs_count,
            state.nodes_running,
            state.nodes_limit if state.status is WorkerStatus.RUNNING else None,
        ),
        up_since=up_since(state),
        read_at=tuple(
            (source, status.read_at)
            for source, status in state.sources.items()
            if status.read_at is not None and status.outcome is not Outcome.SKIPPED
        ),
    )


def _series_of(shown: _Shown, now: datetime) -> Iterator[Series]:
    common = {"worker_id": str(shown.id), "region": shown.region}
    yield "cml.worker.status", {**common, "status": shown.status.value}, 1
    yield "cml.worker.health", {**common, "health": shown.health.value}, 1
    described = {
        **common,
        "account_id": shown.account_id,
        "instance_id": shown.instance_id,
        "instance_type": shown.instance_type or "",
        "name": shown.name,
        "cml_version": shown.cml_version or "",
    }
    yield "cml.worker.info", described, 1
    for name, value in zip(_FIGURES, shown.figures, strict=True):
        if value is not None:
            yield name, common, value
    uptime_seconds = seconds_up(shown.up_since, now=now)
    if uptime_seconds is not None:
        yield "cml.worker.uptime_seconds", common, uptime_seconds
    for source, read_at in shown.read_at:
        age_seconds = max(0.0, (now - read_at).total_seconds())
        yield "cml.worker.data_age_seconds", {**common, "source": source.value}, round(age_seconds, 3)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
