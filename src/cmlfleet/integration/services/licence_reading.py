"""The licence part of a reading, which only administrators may see."""

from cmlfleet.domain.facts import CMLLicense
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession
from cmlfleet.integration.services.controller import Controller

NOT_ADMIN = "not_admin"
ACCESS_DENIED = "access_denied"


class LicenceRefusedError(CMLCallError):
    """The account may not see the licence; `reason` is `not_admin` or `access_denied`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(ErrorCode.ACCESS_DENIED, detail)
        self.reason = reason


async def read_licence(
    *, client: CMLApiClient, controller: Controller, session: CMLSession, forced: bool
) -> CMLLicense:
    """The licence with its node limit. Raises `CMLCallError`, `LicenceRefusedError` among them.

    A licence that can be read proves an administrator. An account that is known to be none asks in vain, and so only
    when `forced`.
    """
    sign_in = controller.sign_in
    if sign_in.is_admin is False and not forced:
        raise LicenceRefusedError(NOT_ADMIN, "the account is not a CML administrator")
    try:
        licence = await session.call(client.licensing)
    except CMLCallError as failure:
        if failure.code is not ErrorCode.ACCESS_DENIED:
            raise
        await session.doubt_admin()
        if sign_in.is_admin is None:
            sign_in.is_admin = False
        raise LicenceRefusedError(ACCESS_DENIED if sign_in.is_admin else NOT_ADMIN, failure.detail) from None
    sign_in.is_admin = True
    try:
        return licence.to_fact(quota=await _quota(client=client, session=session))
    except ValueError as error:
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"licensing: {error}") from error


async def _quota(*, client: CMLApiClient, session: CMLSession) -> int | None:
    try:
        return await session.call(client.licensed_quota)
    except CMLCallError:
        return None  # before 2.9 there is no such route; the licence itself then tells how many nodes were bought
