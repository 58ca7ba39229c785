"""AWS's answers that are errors, in XML or JSON, and bodies of bounded size."""

from http import HTTPStatus

import aiohttp
import msgspec

from cmlfleet.integration.aws.call_failure import AwsCallError, bad_response, failure_of_error
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import AwsService, ServiceCall
from cmlfleet.integration.aws.xml_answers import error_of_xml

_LARGEST_ERROR_BYTES = 1 << 20
_QUERY_ERROR_HEADER = "x-amzn-query-error"  # `Code;Sender`, of services that once spoke the query protocol


class _JsonError(msgspec.Struct):
    type: str = msgspec.field(name="__type", default="")
    message: str = ""
    Message: str = ""


_json_error = msgspec.json.Decoder(_JsonError)


async def failure_of_answer(response: aiohttp.ClientResponse, *, call: ServiceCall, scope: AwsScope) -> AwsCallError:
    """The failure that an answer with an error's status is."""
    body = await read_bytes(response, operation=call.permission, largest_bytes=_LARGEST_ERROR_BYTES)
    said = error_of_xml(body) if call.service is AwsService.EC2 else _error_of_json(response, body)
    if said is not None:
        code, message = said
        return failure_of_error(
            operation=call.permission, scope=scope, status=response.status, aws_code=code, message=message
        )
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return failure_of_error(
            operation=call.permission,
            scope=scope,
            status=response.status,
            aws_code=f"HTTP {response.status}",
            message="",
        )
    return bad_response(call.permission, f"HTTP {response.status} without AWS's own error")


async def read_bytes(response: aiohttp.ClientResponse, *, operation: str, largest_bytes: int) -> bytes:
    """The whole body. Raises `AwsCallError` (`bad_response`) when it is too large."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > largest_bytes:
            raise bad_response(operation, f"the answer is larger than {largest_bytes >> 20} MiB")
    return bytes(body)


def _error_of_json(response: aiohttp.ClientResponse, body: bytes) -> tuple[str, str] | None:
    try:
        said = _json_error.decode(body)
    except msgspec.DecodeError:
        return None
    code = response.headers.get(_QUERY_ERROR_HEADER, "").partition(";")[0] or said.type.rpartition("#")[2]
    return (code, said.message or said.Message) if code else None
