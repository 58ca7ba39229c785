"""Faults that strike a whole AWS call, whatever it asks."""

import asyncio

from aiohttp import web

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud import answers
from cmlfleet.simulator.cloud.answers import EC2, STS
from cmlfleet.simulator.cloud.credentials import Credentials
from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.faults import Fault, FaultBoard, FaultName

_HANGING_CHECK_SECONDS = 0.2  # how soon a call that hangs notices that the fault was cleared
_SLOW_SECONDS = 5.0

_PERMISSION_PREFIX = {EC2: "ec2", STS: "sts"}


class CallFaults:
    """The faults of one call, asked in the order in which AWS would notice them."""

    def __init__(
        self,
        *,
        board: FaultBoard,
        clock: SimulationClock,
        account_id: str,
        region: str,
        service: str,
        operation: str,
    ) -> None:
        self._board = board
        self._clock = clock
        self._account_id = account_id
        self._region = region
        self._service = service
        self._operation = operation

    def closes_connection(self) -> bool:
        return self._active(FaultName.DEAD_REGION) is not None

    def hangs(self) -> bool:
        return self._active(FaultName.HANGING_REGION) is not None

    async def hang(self) -> None:
        """Wait until the fault is cleared."""
        while self.hangs():  # noqa: ASYNC110 - a fault is cleared from outside, or runs out
            await asyncio.sleep(_HANGING_CHECK_SECONDS)

    async def delay(self) -> None:
        slow = self._active(FaultName.SLOW_REGION)
        if slow is not None:
            await self._clock.sleep(slow.number("seconds", _SLOW_SECONDS))

    def check(self, credentials: Credentials) -> None:
        """Raises the `AwsError` the call meets before anything is looked up."""
        is_ec2 = self._service == EC2
        if self._active(FaultName.EXPIRED_CREDENTIALS):
            raise expired(self._service)
        if self._active(FaultName.OPT_IN_REQUIRED):
            raise not_opted_in(credentials)
        if self._active(FaultName.DENIED):
            raise denied(self._service, self._operation, credentials)
        if self._active(FaultName.THROTTLING):
            raise throttled(self._service)
        if self._active(FaultName.CLOUD_INTERNAL_ERROR):
            code = "InternalError" if is_ec2 else "InternalServiceError"
            raise AwsError(code, "An internal error has occurred", status=500)
        if self._active(FaultName.CLOUD_UNAVAILABLE):
            code = "Unavailable" if is_ec2 else "ServiceUnavailable"
            raise AwsError(code, "The service is unavailable. Please try again shortly.", status=503)

    def spoil(self, response: web.Response) -> web.Response:
        """The answer as it arrives."""
        if self._active(FaultName.CLOUD_HTML):
            return answers.html_page()
        if self._active(FaultName.CLOUD_BROKEN_XML):
            return answers.cut_off(response)
        return response

    def _active(self, name: FaultName) -> Fault | None:
        return self._board.active(name, account=self._account_id, region=self._region, operation=self._operation)


def throttled(service: str) -> AwsError:
    if service == EC2:
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", status=503)
    return AwsError("Throttling", "Rate exceeded", status=400)


def expired(service: str) -> AwsError:
    if service == EC2:
        return AwsError("RequestExpired", "Request has expired.")
    return AwsError("ExpiredToken", "The security token included in the request is expired", status=403)


def not_opted_in(credentials: Credentials) -> AwsError:
    return AwsError(
        "OptInRequired",
        f"You are not subscribed to this service. Account {credentials.account_id} has not enabled the region.",
        status=401,
    )


def unknown_key(service: str) -> AwsError:
    if service == EC2:
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)


def denied(service: str, operation: str, credentials: Credentials) -> AwsError:
    """The text names the permission in the clear, as AWS's do since 2021."""
    action = f"{_PERMISSION_PREFIX.get(service, 'cloudwatch')}:{operation}"
    reason = (
        f"User: {credentials.principal_arn} is not authorized to perform: {action} because no identity-based "
        f"policy allows the {action} action"
    )
    if service == EC2:
        return AwsError(
            "UnauthorizedOperation", f"You are not authorized to perform this operation. {reason}", status=403
        )
    return AwsError("AccessDenied", reason, status=403)
