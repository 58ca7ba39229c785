"""The health part of a reading: checks, maintenance mode and the computes of a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cmlfleet.domain.facts import CMLComputeHost, CMLHealth
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_compute_host_dto import CMLComputeHostDTO
from cmlfleet.integration.models.cml_maintenance_dto import CMLMaintenanceDTO
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession
from cmlfleet.integration.services.controller import Controller


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthAnswer:
    """What could be read, and the first failure; the rest stands beside it."""

    health: CMLHealth | None
    maintenance: CMLMaintenanceDTO | None
    failure: CMLCallError | None


async def read_health(*, client: CMLApiClient, controller: Controller, session: CMLSession) -> HealthAnswer:
    """Ask the three routes one after the other; one that fails does not keep the others from being asked."""
    failures = list[CMLCallError]()
    health: CMLHealth | None = None
    maintenance: CMLMaintenanceDTO | None = None
    try:
        health = await session.call(client.system_health)
    except CMLCallError as failure:
        failures.append(failure)
    try:
        maintenance = await session.maintenance()
    except CMLCallError as failure:
        if failure.code is not ErrorCode.NOT_FOUND:
            failures.append(failure)
    if health is not None and controller.sign_in.is_admin is not False:
        try:
            health = _with_registered(health, await session.call(client.compute_hosts))
        except CMLCallError as failure:
            if failure.code is ErrorCode.ACCESS_DENIED:
                await session.doubt_admin()
            elif failure.code is not ErrorCode.NOT_FOUND:
                failures.append(failure)
    return HealthAnswer(health=health, maintenance=maintenance, failure=failures[0] if failures else None)


def _with_registered(health: CMLHealth, registered: Sequence[CMLComputeHostDTO]) -> CMLHealth:
    """The registered computes, a lost one among them, and any that only the health answer names."""
    controller_ids = frozenset(host.compute_id for host in health.compute_hosts if host.is_controller)
    hosts: dict[str, CMLComputeHost] = {host.compute_id: host for host in health.compute_hosts}
    hosts.update({host.id: host.to_fact(controller_ids=controller_ids) for host in registered})
    return replace(health, compute_hosts=tuple(hosts.values()))
