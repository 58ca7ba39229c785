"""Between a worker's state and its row."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cmlfleet.application.ports.reading import WorkerSummary
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.list_prices import cost_per_hour_usd

LABEL_SEPARATOR = "\x1f"
_LARGEST_INTEGER = 2**31 - 1  # what an integer column of PostgreSQL holds

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CMLWorkerState)
_summaries = msgspec.json.Decoder(WorkerSummary)
_BILLED = frozenset({WorkerStatus.PENDING, WorkerStatus.RUNNING})


def decode(document: bytes) -> CMLWorkerState:
    """The state that a row holds."""
    return _decoder.decode(document)


def summary(document: bytes) -> WorkerSummary:
    """What the sums over a fleet need of the state that a row holds: a fifth of the work."""
    return _summaries.decode(document)


def row_of(state: CMLWorkerState) -> dict[str, Any]:
    """Every column of the worker's row."""
    price = cost_per_hour_usd(state.instance_type)
    words = (
        state.id,
        state.name,
        state.instance_id,
        state.account_id,
        state.region,
        state.instance_type,
        state.public_ip,
        state.private_ip,
        state.cml_version,
        state.note,
        *_labels(state.labels),
    )
    return {
        "id": state.id,
        "account_id": state.account_id,
        "region": state.region,
        "instance_id": state.instance_id,
        "version": state.version,
        "document": _encoder.encode(state),
        "search": "\n".join(word for word in words if word).casefold(),
        "labels_index": labels_index(state.labels),
        "name": state.name,
        "status": state.status.value,
        "health": state.health.value,
        "role": state.role.value,
        "instance_type": state.instance_type,
        "cml_version": state.cml_version,
        "public_ip": state.public_ip,
        "private_ip": state.private_ip,
        "cost_per_hour_usd": price if price is None or state.status in _BILLED else 0.0,
        "cpu_utilization": state.cpu_utilization,
        "memory_utilization": state.memory_utilization,
        "disk_utilization": state.disk_utilization,
        "labs_count": _count(state.labs_count),
        "labs_running": _count(state.labs_running),
        "nodes_running": _count(state.nodes_running),
        "nodes_limit": _count(state.nodes_limit),
        "scheduled_events": len(state.scheduled_events),
        "certificate": state.certificate_pinned,
        "certificate_shared_with": state.certificate_shared_with,
        "cml_ready": state.cml_ready,
        "maintenance_mode": state.maintenance_mode,
        "monitoring_active": state.monitoring_active,
        "created_at": state.created_at,
        "launched_at": state.launched_at,
        "metrics_at": state.cpu_metrics_at or state.memory_metrics_at,
        "ready_since": state.ready_since,
        "nodes_idle_since": state.nodes_idle_since,
        "license_expires_at": None if state.cml_license is None else state.cml_license.expires_at,
        "last_cml_api_sync_at": state.last_cml_api_sync_at,
        "last_refreshed_at": state.last_refreshed_at,
        "gone_at": state.gone_at,
    }


def labels_index(labels: Mapping[str, str]) -> str:
    """Each label between separators, so that a whole one can be looked for."""
    return LABEL_SEPARATOR + "".join(label + LABEL_SEPARATOR for label in _labels(labels))


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(labels.items())]


def _count(figure: int | None) -> int | None:
    # A controller may claim anything. The document keeps its word; the column only filters and sorts.
    return None if figure is None else min(figure, _LARGEST_INTEGER)
