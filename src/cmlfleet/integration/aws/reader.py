"""The thin reader: signed by botocore, carried by aiohttp, parsed by us, with our own budgets and retries."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, TypeVar

import aiohttp
import structlog

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.accounts import AwsAccounts
from cmlfleet.integration.aws.answers import failure_of_answer, read_bytes
from cmlfleet.integration.aws.budgets import Budgets
from cmlfleet.integration.aws.call_failure import (
    INSTANCE_NOT_FOUND,
    AwsCallError,
    bad_response,
    timed_out,
    unreachable,
)
from cmlfleet.integration.aws.instruments import observed_call
from cmlfleet.integration.aws.retries import with_retries
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import ServiceCall
from cmlfleet.integration.aws.settings import AwsLimits
from cmlfleet.integration.aws.xml_answers import LARGEST_XML_BYTES, XmlElement, parse_xml, require_root

if TYPE_CHECKING:
    from cmlfleet.integration.aws.signed_requests import RequestSigner

T = TypeVar("T")
Consume = Callable[[aiohttp.ClientResponse], Awaitable[T]]

LARGEST_JSON_BYTES = 16 << 20
_RETRIED = frozenset({ErrorCode.THROTTLED, ErrorCode.UNREACHABLE, ErrorCode.INTERNAL})
_KEEP_ALIVE_SECONDS = 75.0  # longer than the interval between two sweeps
_CALLS_AT_ONCE = 10  # of one operation in one account and region

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What AWS said. `asked_at` is when the attempt that succeeded was sent."""

    content: T
    asked_at: datetime


class AwsReader:
    """Reads EC2 and CloudWatch for all accounts and regions. Every method raises `AwsCallError`.

    Throttling, broken connections and AWS's internal errors are tried again, at most twice; time-outs, denials and
    what is no answer of AWS's are not. Credentials that expired are replaced once.
    """

    def __init__(self, *, accounts: AwsAccounts, budgets: Budgets, limits: AwsLimits) -> None:
        self._accounts = accounts
        self._budgets = budgets
        self._limits = limits
        self._http: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None
        self._slots = dict[tuple[AwsScope, str], asyncio.Semaphore]()

    async def ec2(self, scope: AwsScope, call: ServiceCall) -> Answer[XmlElement]:
        """The root of EC2's answer."""

        async def consume(response: aiohttp.ClientResponse) -> XmlElement:
            chunks = response.content.iter_any()
            root = await parse_xml(chunks, operation=call.permission, largest_bytes=LARGEST_XML_BYTES)
            require_root(root, operation=call.operation)
            return root

        return await self._ask(scope, call, consume)

    async def ec2_page(self, scope: AwsScope, call: ServiceCall) -> Answer[bytes]:
        """The body of EC2's answer, not yet parsed."""

        async def consume(response: aiohttp.ClientResponse) -> bytes:
            return await read_bytes(response, operation=call.permission, largest_bytes=LARGEST_XML_BYTES)

        return await self._ask(scope, call, consume)

    async def json(self, scope: AwsScope, call: ServiceCall) -> Answer[bytes]:
        """The body of an answer in JSON, not yet parsed."""

        async def consume(response: aiohttp.ClientResponse) -> bytes:
            body = await read_bytes(response, operation=call.permission, largest_bytes=LARGEST_JSON_BYTES)
            if not body.lstrip().startswith(b"{"):
                raise bad_response(call.permission, "the answer is not JSON")
            return body

        return await self._ask(scope, call, consume)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _ask(self, scope: AwsScope, call: ServiceCall, consume: Consume[T]) -> Answer[T]:
        try:
            return await with_retries(
                lambda: self._attempt(scope, call, consume),
                may_pass=lambda failure: _may_pass(failure, call),
                turn=self._slot(scope, call),
                limit_seconds=self._limits.total_seconds,
            )
        except TimeoutError:
            raise timed_out(call.permission, self._limits.total_seconds) from None

    async def _attempt(self, scope: AwsScope, call: ServiceCall, consume: Consume[T]) -> Answer[T]:
        signer = await self._accounts.signer(scope, call.service)
        try:
            return await self._send(scope, call, signer, consume)
        except AwsCallError as failure:
            if not failure.says_expired:
                raise
        await self._accounts.refuse(scope.account_id, signer)
        return await self._send(scope, call, await self._accounts.signer(scope, call.service), consume)

    async def _send(
        self, scope: AwsScope, call: ServiceCall, signer: "RequestSigner", consume: Consume[T]
    ) -> Answer[T]:
        budget = self._budgets.of(scope, call.budget)
        await budget.take()
        request = signer.sign(call)
        http = await self._session(request.url)
        asked_at = datetime.now(UTC)
        with observed_call(service=call.service, operation=call.operation, scope=scope, address=signer.address):
            try:
                async with http.post(
                    request.url,
                    data=request.body,
                    headers=request.headers,
                    ssl=self._tls or True,
                    allow_redirects=False,
                ) as response:
                    if response.status != HTTPStatus.OK:
                        raise await failure_of_answer(response, call=call, scope=scope)
                    return Answer(content=await consume(response), asked_at=asked_at)
            except AwsCallError as failure:
                if failure.code is ErrorCode.THROTTLED:
                    if budget.factor >= 1:
                        _log.warning("aws_throttles", operation=call.permission, scope=str(scope))
                    budget.throttled()
                raise
            except aiohttp.ConnectionTimeoutError as error:
                text = f"{call.permission}: no connection within {self._limits.connect_seconds:g} s"
                raise AwsCallError(ErrorCode.TIMEOUT, text, operation=call.permission) from error
            except TimeoutError as error:
                raise timed_out(call.permission, self._limits.call_seconds) from error
            except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
                raise bad_response(call.permission, "the answer is cut off or not HTTP") from error
            except (aiohttp.ClientSSLError, ssl.SSLError) as error:
                text = f"{call.permission}: the TLS handshake failed: {error}"
                raise AwsCallError(ErrorCode.TLS, text, operation=call.permission) from error
            except aiohttp.ServerDisconnectedError as error:
                raise unreachable(call.permission, "the connection was closed without an answer") from error
            except (aiohttp.ClientError, OSError) as error:
                raise unreachable(call.permission, str(error) or type(error).__name__) from error

    async def _session(self, url: str) -> aiohttp.ClientSession:
        if self._tls is None and url.startswith("https:"):
            authorities = await self._accounts.certificate_authorities()
            self._tls = await asyncio.to_thread(ssl.create_default_context, cafile=authorities)
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
                timeout=aiohttp.ClientTimeout(
                    total=self._limits.call_seconds, sock_connect=self._limits.connect_seconds
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=True,  # proxies, as botocore takes them
            )
        return self._http

    def _slot(self, scope: AwsScope, call: ServiceCall) -> asyncio.Semaphore:
        key = (scope, call.budget)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = asyncio.Semaphore(_CALLS_AT_ONCE)
        return slot


def _may_pass(failure: AwsCallError, call: ServiceCall) -> bool:
    return failure.code in _RETRIED or (call.retries_not_found and failure.aws_code == INSTANCE_NOT_FOUND)
