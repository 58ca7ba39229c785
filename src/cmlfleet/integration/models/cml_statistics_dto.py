"""`GET /system_stats`, in the shape of 2.4 and later."""

import msgspec

from cmlfleet.domain.facts import CMLComputeStatistics, CMLStatistics
from cmlfleet.integration.models.cml_values import Number, percent, share_percent, whole

_BYTES_PER_KIB = 1024
_OVERCOMMIT_LIMIT = 4  # more than four times the host's memory is not a promise in KiB but a number of bytes


class CMLCPUDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`percent` is of the whole host, not of a core."""

    count: Number | None = None
    percent: Number | None = None
    load: list[Number | None] | None = None


class CMLUsageDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bytes. `used` and `free` do not add up to `total`: caches count as neither."""

    used: Number | None = None
    total: Number | None = None


class CMLDomainInfoDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Nodes on one compute. `allocated_memory` is in KiB."""

    total_nodes: Number | None = None
    running_nodes: Number | None = None
    total_orphans: Number | None = None
    running_orphans: Number | None = None
    allocated_cpus: Number | None = None
    allocated_memory: Number | None = None
    total_vms: Number | None = None
    running_vms: Number | None = None


class CMLLoadDTO(msgspec.Struct, frozen=True, kw_only=True):
    """The load of one compute, or of all together (then without `dominfo`)."""

    cpu: CMLCPUDTO | None = None
    memory: CMLUsageDTO | None = None
    disk: CMLUsageDTO | None = None
    dominfo: CMLDomainInfoDTO | None = None

    def to_fact(self, *, compute_id: str, hostname: str | None, is_controller: bool) -> CMLComputeStatistics:
        """The fact of the compute that this load is of."""
        cpu = self.cpu or CMLCPUDTO()
        memory = self.memory or CMLUsageDTO()
        disk = self.disk or CMLUsageDTO()
        nodes = self.dominfo or CMLDomainInfoDTO()
        return CMLComputeStatistics(
            compute_id=compute_id,
            hostname=hostname,
            is_controller=is_controller,
            cpu_count=whole(cpu.count),
            cpu_percent=percent(cpu.percent),
            load=tuple(float(average) for average in cpu.load or () if average is not None),
            memory_used_bytes=whole(memory.used),
            memory_total_bytes=whole(memory.total),
            disk_used_bytes=whole(disk.used),
            disk_total_bytes=whole(disk.total),
            running_nodes=whole(nodes.running_vms if nodes.running_nodes is None else nodes.running_nodes),
            total_nodes=whole(nodes.total_vms if nodes.total_nodes is None else nodes.total_nodes),
            running_orphans=whole(nodes.running_orphans),
            total_orphans=whole(nodes.total_orphans),
            allocated_cpus=whole(nodes.allocated_cpus),
            allocated_memory_bytes=_allocated_bytes(nodes.allocated_memory, host_total_bytes=memory.total),
        )


class CMLComputeStatisticsDTO(msgspec.Struct, frozen=True, kw_only=True):
    hostname: str | None = None
    is_controller: bool | None = None
    stats: CMLLoadDTO | None = None


class CMLClusterStatisticsDTO(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster as versions up to 2.3 reported it."""

    high_level_drivers: dict[str, CMLLoadDTO | None] | None = None


class CMLStatisticsDTO(msgspec.Struct, frozen=True, kw_only=True):
    """All keys are optional; `clusters` stands instead of the other two up to 2.3."""

    computes: dict[str, CMLComputeStatisticsDTO | None] | None = None
    all: CMLLoadDTO | None = None
    clusters: dict[str, CMLClusterStatisticsDTO | None] | None = None

    def to_fact(self) -> CMLStatistics:
        """The fact; where `all` is missing, what the computes add up to."""
        computes = self._computes()
        whole_system = self.all or CMLLoadDTO()
        cpu_percent = percent(whole_system.cpu.percent) if whole_system.cpu else None
        return CMLStatistics(
            cpu_percent=_mean_cpu_percent(computes) if cpu_percent is None else cpu_percent,
            memory_percent=_overall_percent(
                whole_system.memory, [(one.memory_used_bytes, one.memory_total_bytes) for one in computes]
            ),
            disk_percent=_overall_percent(
                whole_system.disk, [(one.disk_used_bytes, one.disk_total_bytes) for one in computes]
            ),
            running_nodes=_sum_known([one.running_nodes for one in computes]),
            total_nodes=_sum_known([one.total_nodes for one in computes]),
            computes=computes,
        )

    def _computes(self) -> tuple[CMLComputeStatistics, ...]:
        if self.computes is not None:
            return tuple(
                (one.stats or CMLLoadDTO()).to_fact(
                    compute_id=compute_id, hostname=one.hostname, is_controller=one.is_controller is True
                )
                for compute_id, one in self.computes.items()
                if one is not None
            )
        return tuple(
            load.to_fact(compute_id=compute_id, hostname=None, is_controller=False)
            for cluster in (self.clusters or {}).values()
            if cluster is not None
            for compute_id, load in (cluster.high_level_drivers or {}).items()
            if load is not None
        )


def _allocated_bytes(allocated: Number | None, *, host_total_bytes: Number | None) -> int | None:
    as_given = whole(allocated)
    if as_given is None:
        return None
    as_bytes = as_given * _BYTES_PER_KIB
    if host_total_bytes and as_bytes > host_total_bytes * _OVERCOMMIT_LIMIT:
        return as_given
    return as_bytes


def _overall_percent(overall: CMLUsageDTO | None, parts: list[tuple[int | None, int | None]]) -> float | None:
    if overall is not None and (figure := share_percent(overall.used, overall.total)) is not None:
        return figure
    known = [(used, total) for used, total in parts if used is not None and total is not None]
    return share_percent(sum(used for used, _ in known), sum(total for _, total in known))


def _mean_cpu_percent(computes: tuple[CMLComputeStatistics, ...]) -> float | None:
    known = [(one.cpu_percent, one.cpu_count or 1) for one in computes if one.cpu_percent is not None]
    if not known:
        return None
    return percent(sum(share * count for share, count in known) / sum(count for _, count in known))


def _sum_known(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_decoder = msgspec.json.Decoder(CMLStatisticsDTO)


def decode_statistics(body: bytes) -> CMLStatistics:
    """Raises `msgspec.DecodeError` for what is not statistics."""
    return _decoder.decode(body).to_fact()
