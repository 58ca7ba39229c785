"""An AWS endpoint that says word for word what a test tells it to say."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from aiohttp import web

from cmlfleet.domain.identifiers import AccountId
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsLimits
from tests.support.aws_scene import ACCOUNT, REGION, only_environment

Answer = web.StreamResponse | Callable[["AwsRequest", web.Request], Any]


@dataclass(frozen=True)
class AwsRequest:
    """What was asked: EC2's form fields, or CloudWatch's JSON."""

    operation: str
    fields: dict[str, str]
    payload: dict[str, Any]
    headers: dict[str, str]

    def ids(self) -> list[str]:
        return [value for name, value in self.fields.items() if name.startswith("InstanceId.")]


@dataclass
class ScriptedAws:
    """`answers` of each operation are given in turn, the last one for ever; without any an empty list."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    requests: list[AwsRequest] = field(default_factory=list[AwsRequest])

    def of(self, operation: str) -> list[AwsRequest]:
        return [request for request in self.requests if request.operation == operation]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = _parse(request, await request.read())
        self.requests.append(asked)
        scripted = self.answers.get(asked.operation)
        if not scripted:
            return _empty(asked)
        answer = scripted[0] if len(scripted) == 1 else scripted.pop(0)
        return answer if isinstance(answer, web.StreamResponse) else await answer(asked, request)


@asynccontextmanager
async def scripted_aws(
    monkeypatch: pytest.MonkeyPatch, *, limits: AwsLimits | None = None, account_id: AccountId | None = ACCOUNT
) -> AsyncGenerator[tuple[ScriptedAws, AwsAdapters]]:
    """The endpoint, and adapters that find it by the environment."""
    script = ScriptedAws()
    app = web.Application(client_max_size=4 << 20)
    app.router.add_post("/", script.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    environment = {"AWS_ENDPOINT_URL": script.url, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test"}
    only_environment(monkeypatch, environment)
    adapters = AwsAdapters([AwsAccountSettings(account_id=account_id, regions=[REGION])], limits=limits)
    try:
        yield script, adapters
    finally:
        await adapters.close()
        await runner.cleanup()


def ec2_error(code: str, message: str, *, status: int = 400) -> Answer:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
        f"<Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>"
    )
    return _anew(lambda: web.Response(text=text, status=status, content_type="text/xml"))


def instances(*instance_ids: str, next_token: str | None = None) -> Answer:
    """A DescribeInstances answer with the least that an instance has."""
    items = "".join(
        f"<item><instanceId>{each}</instanceId><instanceState><code>16</code><name>running</name></instanceState>"
        "<launchTime>2026-11-24T01:02:03.000Z</launchTime></item>"
        for each in instance_ids
    )
    token = f"<nextToken>{next_token}</nextToken>" if next_token else ""
    text = (
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>'
        f"<instancesSet>{items}</instancesSet></item></reservationSet>{token}</DescribeInstancesResponse>"
    )
    return _anew(lambda: web.Response(text=text, content_type="text/xml"))


def json_answer(content: dict[str, Any], *, status: int = 200) -> Answer:
    return raw(orjson.dumps(content), status=status, content_type="application/x-amz-json-1.0")


def raw(body: bytes, *, status: int = 200, content_type: str = "text/html") -> Answer:
    return _anew(lambda: web.Response(body=body, status=status, content_type=content_type))


def _anew(make: Callable[[], web.StreamResponse]) -> Answer:
    """A response can be sent once only."""

    async def answer(_: AwsRequest, __: web.Request) -> web.StreamResponse:
        return make()

    return answer


def _parse(request: web.Request, body: bytes) -> AwsRequest:
    target = request.headers.get("X-Amz-Target", "")
    headers = dict(request.headers)
    if target:
        return AwsRequest(target.rpartition(".")[2], {}, orjson.loads(body), headers)
    fields = dict(parse_qsl(body.decode()))
    return AwsRequest(fields["Action"], fields, {}, headers)


def _empty(asked: AwsRequest) -> web.Response:
    if asked.payload:
        return web.Response(body=b"{}", content_type="application/x-amz-json-1.0")
    return web.Response(text=f"<{asked.operation}Response/>", content_type="text/xml")
