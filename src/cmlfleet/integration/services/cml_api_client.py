"""The REST API of CML controllers, `/api/v0`, route by route."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.facts import CMLHealth, CMLStatistics, CMLSystemInformation
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_compute_host_dto import CMLComputeHostDTO, decode_compute_hosts
from cmlfleet.integration.models.cml_health_dto import decode_health
from cmlfleet.integration.models.cml_lab_dto import (
    CMLLabDTO,
    decode_lab,
    decode_lab_ids,
    decode_lab_tiles,
    decode_nodes_running,
)
from cmlfleet.integration.models.cml_license_info_dto import (
    CMLLicenseInfoDTO,
    decode_licence,
    decode_licensed_quota,
)
from cmlfleet.integration.models.cml_maintenance_dto import CMLMaintenanceDTO, decode_maintenance
from cmlfleet.integration.models.cml_sign_in_dto import (
    CMLSignInDTO,
    CMLUserDTO,
    decode_extended_sign_in,
    decode_sign_in,
    decode_user,
)
from cmlfleet.integration.models.cml_start_up_dto import decode_start_up_flags
from cmlfleet.integration.models.cml_statistics_dto import decode_statistics
from cmlfleet.integration.models.cml_system_info_dto import decode_system_information
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.cml_transport import MAX_BODY_BYTES, CMLTransport
from cmlfleet.integration.services.controller import Controller

_SMALL_BODY_BYTES = 256 * 1024  # system information, a token, a user: some hundred bytes each
_ROUTE_MISSING = frozenset({404, 405})

T = TypeVar("T")


class CMLApiClient:
    """One per process, open for as long as the process asks controllers anything.

    Every method raises `CMLCallError`. A `token` is sent to nobody but the certificate that the controller's record
    accepts. The version differences of 2.4 to 2.10 end here.
    """

    def __init__(self, *, keepalive_seconds: float) -> None:
        self._transport = CMLTransport(keepalive_seconds=keepalive_seconds)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def system_information(self, controller: Controller) -> CMLSystemInformation:
        """Version and readiness; needs no token."""
        operation = "system_information"
        body = await self._send(controller, operation, operation, max_bytes=_SMALL_BODY_BYTES)
        last = controller.last_system_information
        if last is not None and last[0] == body:
            return last[1]
        fact = _decoded(operation, body, decode_system_information)
        controller.last_system_information = (body, fact)
        return fact

    async def maintenance_mode(self, controller: Controller) -> CMLMaintenanceDTO:
        """Whether maintenance is on; needs no token."""
        body = await self._send(
            controller, "maintenance_mode", "system/maintenance_mode", max_bytes=_SMALL_BODY_BYTES
        )
        return _decoded("maintenance_mode", body, decode_maintenance)

    async def sign_in(self, controller: Controller, credentials: CMLCredentials) -> CMLSignInDTO:
        """A new token for a user name and password.

        A refusal (403) is `unauthorized`, whatever the reason: the caller knows whether maintenance is on.
        """
        body = msgspec.json.encode({"username": credentials.username, "password": credentials.password})
        try:
            answer = await self._sign_in_at(controller, "auth_extended", body)
        except CMLCallError as failure:
            if failure.status not in _ROUTE_MISSING:
                raise
        else:
            return _decoded("auth_extended", answer, decode_extended_sign_in)
        return _decoded("authenticate", await self._sign_in_at(controller, "authenticate", body), decode_sign_in)

    async def user(self, controller: Controller, token: str, *, user_id: str) -> CMLUserDTO:
        """The user that a token's `sub` names."""
        body = await self._send(controller, "user", f"users/{_segment(user_id)}", token, max_bytes=_SMALL_BODY_BYTES)
        return _decoded("user", body, decode_user)

    async def system_stats(self, controller: Controller, token: str) -> CMLStatistics:
        """Load of all hosts."""
        operation = "system_stats"
        return _decoded(operation, await self._send(controller, operation, operation, token), decode_statistics)

    async def system_health(self, controller: Controller, token: str) -> CMLHealth:
        """Health checks of the controller and its computes; administrators see more of them."""
        operation = "system_health"
        return _decoded(operation, await self._send(controller, operation, operation, token), decode_health)

    async def compute_hosts(self, controller: Controller, token: str) -> Sequence[CMLComputeHostDTO]:
        """The registered computes; 403 for other accounts than administrators."""
        body = await self._send(controller, "compute_hosts", "system/compute_hosts", token)
        return _decoded("compute_hosts", body, decode_compute_hosts)

    async def labs(self, controller: Controller, token: str) -> frozenset[LabId]:
        """The ids of all users' labs for an administrator, else of those the account can see."""
        body = await self._send(controller, "labs", "labs?show_all=true", token)
        last = controller.last_lab_ids
        if last is not None and last[0] == body:
            return last[1]
        ids = _decoded("labs", body, decode_lab_ids)
        controller.last_lab_ids = (body, ids)
        return ids

    async def lab_tiles(self, controller: Controller, token: str) -> Mapping[LabId, CMLLabDTO]:
        """Labs with their nodes in one call; not every version shows an administrator all users' labs here."""
        operation = "populate_lab_tiles"
        return _decoded(operation, await self._send(controller, operation, operation, token), decode_lab_tiles)

    async def lab(self, controller: Controller, token: str, *, lab_id: LabId) -> CMLLabDTO:
        """One lab, without its nodes."""
        return _decoded("lab", await self._send(controller, "lab", f"labs/{_segment(lab_id)}", token), decode_lab)

    async def lab_nodes_running(self, controller: Controller, token: str, *, lab_id: LabId) -> int:
        """How many nodes of the lab run."""
        operation = "lab_element_state"
        body = await self._send(controller, operation, f"labs/{_segment(lab_id)}/lab_element_state", token)
        return _decoded(operation, body, decode_nodes_running)

    async def lab_topology(self, controller: Controller, token: str, *, lab_id: LabId) -> str:
        """The lab as a YAML file that CML imports again."""
        body = await self._send(controller, "lab_download", f"labs/{_segment(lab_id)}/download", token)
        return _decoded("lab_download", body, bytes.decode)

    async def licensing(self, controller: Controller, token: str) -> CMLLicenseInfoDTO:
        """Registration, authorization and features; 403 for other accounts than administrators."""
        operation = "licensing"
        return _decoded(operation, await self._send(controller, operation, operation, token), decode_licence)

    async def licensed_quota(self, controller: Controller, token: str) -> int | None:
        """The number of nodes allowed, where the version (2.9 on) tells it to this account."""
        body = await self._send(controller, "diagnostics_licensing", "diagnostics/licensing", token)
        return _decoded("diagnostics_licensing", body, decode_licensed_quota)

    async def start_up_flags(self, controller: Controller, token: str) -> Mapping[str, bool | None]:
        """Which parts of CML have come up (2.9 on); 403 for other accounts than administrators."""
        body = await self._send(
            controller,
            "diagnostics_startup_scheduler",
            "diagnostics/startup_scheduler",
            token,
            max_bytes=_SMALL_BODY_BYTES,
        )
        return _decoded("diagnostics_startup_scheduler", body, decode_start_up_flags)

    async def _sign_in_at(self, controller: Controller, route: str, body: bytes) -> bytes:
        try:
            return await self._send(controller, route, route, body=body, max_bytes=_SMALL_BODY_BYTES)
        except CMLCallError as failure:
            if failure.status in (401, 403):
                raise CMLCallError(
                    ErrorCode.UNAUTHORIZED, f"{route}: the sign-in was refused", status=failure.status
                ) from None
            raise

    async def _send(
        self,
        controller: Controller,
        operation: str,
        path: str,
        token: str | None = None,
        *,
        body: bytes | None = None,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> bytes:
        check = controller.trust.check
        try:
            return await self._transport.send(
                controller.endpoint,
                check,
                operation=operation,
                path=path,
                token=token,
                body=body,
                max_bytes=max_bytes,
            )
        except CMLCallError as failure:
            if failure.code is not ErrorCode.CERTIFICATE_CHANGED:
                raise
            another_call_accepted_it = controller.trust.check is not check
            if not another_call_accepted_it and not await controller.trust.accepts_change(controller.endpoint):
                raise
        return await self._transport.send(
            controller.endpoint,
            controller.trust.check,
            operation=operation,
            path=path,
            token=token,
            body=body,
            max_bytes=max_bytes,
        )


def _segment(identifier: str) -> str:
    """An id as one segment of a path. Raises `CMLCallError` for one that would lead elsewhere."""
    if not identifier or not identifier.replace("-", "").replace("_", "").isalnum() or not identifier.isascii():
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"{identifier[:80]!r} is not an id")
    return identifier


def _decoded(operation: str, body: bytes, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(body)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        what = "an HTML page" if body.lstrip()[:1] == b"<" else f"not the API's answer: {error}"
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"{operation}: {what}") from error
