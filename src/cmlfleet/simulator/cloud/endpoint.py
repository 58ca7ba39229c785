"""The AWS endpoint: one address for EC2, CloudWatch and STS of every account and region."""

import re
import uuid
from dataclasses import dataclass

import orjson
from aiohttp import web

from cmlfleet.simulator.cloud import answers, call_faults
from cmlfleet.simulator.cloud.answers import CLOUDWATCH, EC2, STS
from cmlfleet.simulator.cloud.api_call import ApiCall
from cmlfleet.simulator.cloud.call_faults import CallFaults
from cmlfleet.simulator.cloud.call_ledger import OK, CallLedger
from cmlfleet.simulator.cloud.credentials import Credentials
from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.operations import Operations
from cmlfleet.simulator.cloud.query import QueryParameters
from cmlfleet.simulator.cloud.throttle import Throttle
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.faults import FaultBoard

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_NOBODY = "unknown"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What the Authorization header says."""

    access_key_id: str
    region: str
    service: str


class AwsEndpoint:
    """Answers calls; signatures are not verified, the access key says which account calls."""

    def __init__(self, *, world: CloudWorld, faults: FaultBoard, ledger: CallLedger, throttle: Throttle) -> None:
        self._world = world
        self._faults = faults
        self._ledger = ledger
        self._throttle = throttle
        self._operations = Operations(world=world, faults=faults, throttle=throttle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self._world.timeline.settle()
        request_id = str(uuid.uuid4())
        caller = _caller_of(request)
        if caller is None:
            error = AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
            return answers.failure(EC2, error, request_id=request_id)
        target = request.headers.get("X-Amz-Target", "")
        form = request.query_string if request.method == "GET" else body.decode()
        parameters = QueryParameters.of_form("" if target else form)
        operation = target.rpartition(".")[2] or parameters.text("Action") or _NOBODY
        credentials = self._world.credentials.of_key(caller.access_key_id)
        account_id = _NOBODY if credentials is None else credentials.account_id
        faults = CallFaults(
            board=self._faults,
            clock=self._world.clock,
            account_id=account_id,
            region=caller.region,
            service=caller.service,
            operation=operation,
        )

        def count(outcome: str) -> None:
            self._ledger.count(
                account_id=account_id,
                region=caller.region,
                service=caller.service,
                operation=operation,
                outcome=outcome,
            )

        if faults.closes_connection():
            count("closed")
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if faults.hangs():
            count("hanging")
            await faults.hang()
        await faults.delay()
        try:
            checked = self._check(caller, credentials)
            faults.check(checked)
            call = ApiCall(
                service=caller.service,
                operation=operation,
                account_id=account_id,
                region=caller.region,
                credentials=checked,
                parameters=parameters,
                request_id=request_id,
            )
            response = self._answer(call, body)
        except AwsError as error:
            count(error.code)
            return answers.failure(caller.service, error, request_id=request_id)
        count(OK)
        return faults.spoil(response)

    def _check(self, caller: Caller, credentials: Credentials | None) -> Credentials:
        if credentials is None:
            raise call_faults.unknown_key(caller.service)
        if self._world.credentials.has_expired(credentials):
            raise call_faults.expired(caller.service)
        return credentials

    def _answer(self, call: ApiCall, body: bytes) -> web.Response:
        operations = self._operations
        bucket, resources = operations.bucket_of(call)
        if not self._throttle.admits(
            account_id=call.account_id, region=call.region, bucket=bucket, resources=resources
        ):
            raise call_faults.throttled(call.service)
        if call.service == CLOUDWATCH:
            try:
                values = orjson.loads(body)
            except orjson.JSONDecodeError as broken:
                raise AwsError("SerializationException", str(broken)) from broken
            return answers.cloudwatch_result(operations.cloudwatch(call, values))
        if call.service == STS:
            return answers.sts_result(call.operation, operations.sts(call), request_id=call.request_id)
        return answers.ec2_result(call.operation, operations.ec2(call), request_id=call.request_id)


def _caller_of(request: web.Request) -> Caller | None:
    found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if found is None:
        return None
    return Caller(access_key_id=found[1], region=found[2], service=found[3])
