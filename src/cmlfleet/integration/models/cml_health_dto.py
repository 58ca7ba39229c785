"""`GET /system_health`."""

from collections.abc import Iterator

import msgspec
from msgspec import UNSET, UnsetType

from cmlfleet.domain.facts import CMLComputeHost, CMLHealth

Flag = bool | None | UnsetType
"""True, false, null (CML does not know yet), or absent (this version has no such check)."""

_OVERLOAD = "_overload"


class CMLComputeHealthDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One compute's checks; the overload flags are of 2.10, where true means that node starts are refused."""

    hostname: str | None = None
    is_controller: bool | None = None
    admission_state: str | None = None
    kvm_vmx_enabled: Flag = UNSET
    enough_cpus: Flag = UNSET
    lld_connected: Flag = UNSET
    lld_synced: Flag = UNSET
    libvirt: Flag = UNSET
    fabric: Flag = UNSET
    device_mux: Flag = UNSET
    refplat_images_available: Flag = UNSET
    docker_shim: Flag = UNSET
    cpu_overload: Flag = UNSET
    memory_overload: Flag = UNSET
    disk_overload: Flag = UNSET


class CMLControllerHealthDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The controller's checks; the service flags after `images_loaded` are of 2.10."""

    core_connected: Flag = UNSET
    nodes_loaded: Flag = UNSET
    images_loaded: Flag = UNSET
    airhandler: Flag = UNSET
    dispatcher: Flag = UNSET
    ipsnooper: Flag = UNSET
    pcapdemux: Flag = UNSET


_COMPUTE_CHECKS = tuple(
    name
    for name in CMLComputeHealthDTO.__struct_fields__
    if name not in {"hostname", "is_controller", "admission_state"}
)


class CMLHealthDTO(msgspec.Struct, frozen=True, kw_only=True):
    """The whole system's health. The `valid` of each compute and of the controller only sums up its checks."""

    valid: bool | None = None
    is_licensed: bool | None = None
    is_enterprise: bool | None = None
    computes: dict[str, CMLComputeHealthDTO | None] | None = None
    controller: CMLControllerHealthDTO | None = None

    def to_fact(self) -> CMLHealth:
        """The fact: a null flag is unknown, a flag that is absent makes no check."""
        checks = dict(self._controller_checks())
        hosts = list[CMLComputeHost]()
        for compute_id, compute in (self.computes or {}).items():
            if compute is None:
                continue
            hostname = compute.hostname or compute_id
            taken = any(host.hostname == hostname for host in hosts)
            checks.update(_compute_checks(compute, called=compute_id if taken else hostname))
            hosts.append(
                CMLComputeHost(
                    compute_id=compute_id,
                    hostname=hostname,
                    is_controller=compute.is_controller is True,
                    admission_state=compute.admission_state,
                    is_connected=_known(compute.lld_connected),
                    is_synced=_known(compute.lld_synced),
                )
            )
        return CMLHealth(
            valid=self.valid,
            is_licensed=self.is_licensed,
            is_enterprise=self.is_enterprise,
            checks=checks,
            compute_hosts=tuple(hosts),
        )

    def _controller_checks(self) -> Iterator[tuple[str, bool | None]]:
        if self.controller is None:
            return
        for name in CMLControllerHealthDTO.__struct_fields__:
            flag: Flag = getattr(self.controller, name)
            if flag is not UNSET:
                yield f"controller.{name}", flag


def _compute_checks(compute: CMLComputeHealthDTO, *, called: str) -> Iterator[tuple[str, bool | None]]:
    for name in _COMPUTE_CHECKS:
        flag: Flag = getattr(compute, name)
        if flag is UNSET:
            continue
        if name.endswith(_OVERLOAD):
            yield (
                f"computes.{called}.{name.removesuffix(_OVERLOAD)}_not_overloaded",
                None if flag is None else not flag,
            )
        else:
            yield f"computes.{called}.{name}", flag


def _known(flag: Flag) -> bool | None:
    return None if flag is UNSET else flag


_decoder = msgspec.json.Decoder(CMLHealthDTO)


def decode_health(body: bytes) -> CMLHealth:
    """Raises `msgspec.DecodeError` for what is not a health answer."""
    return _decoder.decode(body).to_fact()
