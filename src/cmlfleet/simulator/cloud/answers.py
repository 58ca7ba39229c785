"""Results and errors in the shapes of EC2, STS and CloudWatch."""

from typing import Any
from xml.sax.saxutils import escape

import orjson
from aiohttp import web

from cmlfleet.simulator.cloud.errors import AwsError

EC2 = "ec2"
STS = "sts"
CLOUDWATCH = "monitoring"

_EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_XML = "text/xml"
_JSON = "application/x-amz-json-1.0"


def ec2_result(operation: str, content: str | bytes, *, request_id: str) -> web.Response:
    inner = content.encode() if isinstance(content, str) else content
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{_EC2_NAMESPACE}">'
        f"<requestId>{request_id}</requestId>"
    )
    return _xml(b"".join((head.encode(), inner, f"</{operation}Response>".encode())))


def sts_result(operation: str, content: str, *, request_id: str) -> web.Response:
    return _xml(
        f'<{operation}Response xmlns="{_STS_NAMESPACE}"><{operation}Result>{content}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>".encode()
    )


def cloudwatch_result(content: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(content), content_type=_JSON)


def failure(service: str, error: AwsError, *, request_id: str) -> web.Response:
    if service == CLOUDWATCH:
        return _cloudwatch_failure(error)
    code, message = escape(error.code), escape(error.message)
    if service == STS:
        body = (
            f'<ErrorResponse xmlns="{_STS_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
            f"<Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    return _xml(body.encode(), status=error.status)


def html_page() -> web.Response:
    """What a proxy in between says."""
    return web.Response(
        text="<html><head><title>Proxy</title></head><body><h1>Please sign in</h1></body></html>",
        content_type="text/html",
    )


def cut_off(response: web.Response) -> web.Response:
    """The same answer without its second half."""
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError(f"only answers in bytes can be cut, not {type(body)}")
    return web.Response(body=body[: len(body) // 2], status=response.status, content_type=response.content_type)


def _cloudwatch_failure(error: AwsError) -> web.Response:
    """Both places where clients look: `__type`, and the header of services that once spoke the query protocol."""
    fault = "Receiver" if error.status >= 500 else "Sender"
    return web.Response(
        body=orjson.dumps({"__type": f"com.amazonaws.cloudwatch.v2010_08_01#{error.code}", "message": error.message}),
        status=error.status,
        content_type=_JSON,
        headers={"x-amzn-query-error": f"{error.code};{fault}"},
    )


def _xml(body: bytes, *, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type=_XML, charset="UTF-8")
