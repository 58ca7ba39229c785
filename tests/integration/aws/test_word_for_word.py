"""Answers that neither the simulator nor moto gives, word for word as AWS, or a proxy before it, sends them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.support.aws_scene import ACCOUNT, REGION, failure, instance, utilization
from tests.support.scripted_aws import (
    AwsRequest,
    ScriptedAws,
    ec2_error,
    instances,
    json_answer,
    raw,
    scripted_aws,
)

from cmlfleet.domain.facts import CloudWatchFact, EC2AbsentFact, EC2Fact, EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.adapters import AwsAdapters

A = "i-0aaaaaaaaaaaaaaaa"
B = "i-0bbbbbbbbbbbbbbbb"
C = "i-0cccccccccccccccc"
OLD = "i-1234abcd"


class Scene:
    def __init__(self, script: ScriptedAws, aws: AwsAdapters) -> None:
        self.script = script
        self.aws = aws

    async def read(self, instance_id: str, *, max_age_seconds: float = 0.0) -> EC2Fact:
        return await self.aws.ec2.read(_ref(instance_id), max_age_seconds=max_age_seconds)

    async def metrics(self, instance_id: str, *, detailed: bool = True) -> CloudWatchFact:
        return await self.aws.cloudwatch.read(_ref(instance_id), detailed_monitoring=detailed, max_age_seconds=0.0)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with scripted_aws(monkeypatch) as (script, aws):
        yield Scene(script, aws)


def many_ids(count: int) -> list[str]:
    return [f"i-{number:017x}" for number in range(count)]


async def answer_those_asked(asked: AwsRequest, request: web.Request) -> Any:
    listed = instances(*asked.ids())
    assert callable(listed)
    return await listed(asked, request)


@pytest.mark.parametrize(
    ("code", "message", "unknown"),
    [
        ("InvalidInstanceID.NotFound", f"The instance ID '{A}' does not exist", [A]),
        ("InvalidInstanceID.NotFound", f"The instance IDs '{A}, {OLD}' do not exist", [A, OLD]),
        ("InvalidInstanceID.Malformed", f'Invalid id: "{A}"', [A]),
    ],
)
async def test_unknown_ids_are_cut_out_of_the_error(scene: Scene, code: str, message: str, unknown: list[str]):
    others = many_ids(250)
    scene.script.answers["DescribeInstances"] = [ec2_error(code, message), answer_those_asked]

    facts = await asyncio.gather(*(scene.read(each) for each in [*others, A, OLD]))

    by_id = dict(zip([*others, A, OLD], facts, strict=True))
    assert {each for each, fact in by_id.items() if isinstance(fact, EC2AbsentFact)} == set(unknown)
    assert {type(by_id[each]) for each in others} == {EC2InstanceFact}
    first, second = scene.script.of("DescribeInstances")
    assert set(first.ids()) - set(second.ids()) == set(unknown)


async def test_an_error_that_names_none_of_the_ids_is_a_failure(scene: Scene):
    scene.script.answers["DescribeInstances"] = [
        ec2_error("InvalidInstanceID.NotFound", "The instance IDs do not exist")
    ]
    fact = failure((await asyncio.gather(*(scene.read(each) for each in many_ids(250))))[0])
    assert fact.code is ErrorCode.NOT_FOUND


async def test_ids_that_vanish_one_by_one_do_not_go_on_for_ever(scene: Scene):
    async def next_one_is_gone(asked: AwsRequest, request: web.Request) -> Any:
        answer = ec2_error("InvalidInstanceID.NotFound", f"The instance ID '{asked.ids()[0]}' does not exist")
        assert callable(answer)
        return await answer(asked, request)

    scene.script.answers["DescribeInstances"] = [next_one_is_gone]
    facts = await asyncio.gather(*(scene.read(each) for each in many_ids(250)))
    assert {failure(fact).code for fact in facts} == {ErrorCode.NOT_FOUND}
    assert len(scene.script.of("DescribeInstances")) < 20


async def test_the_status_call_cuts_unknown_ids_too(scene: Scene):
    scene.script.answers["DescribeInstances"] = [instances(A, B)]
    status = (
        b"<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>%s</instanceId><systemStatus><status>ok"
        b"</status></systemStatus><instanceStatus><status>impaired</status></instanceStatus></item></instanceStatusSet>"
        b"</DescribeInstanceStatusResponse>" % B.encode()
    )
    scene.script.answers["DescribeInstanceStatus"] = [
        ec2_error("InvalidInstanceID.NotFound", f"The instance ID '{A}' does not exist"),
        raw(status, content_type="text/xml"),
    ]

    first, second = await asyncio.gather(scene.read(A), scene.read(B))

    assert instance(first).checks is None
    checks = instance(second).checks
    assert checks is not None
    assert (checks.system, checks.instance, checks.ebs) == ("ok", "impaired", None)
    assert [request.ids() for request in scene.script.of("DescribeInstanceStatus")] == [[A, B], [B]]


async def test_at_most_a_hundred_ids_are_named_for_the_status(scene: Scene):
    """The account holds so many instances that reading all its pages would be more calls."""
    ids = many_ids(4000)
    starts = range(0, len(ids), 1000)
    status_pages = [_status_page(ids[at : at + 1000], next_token=str(at) if at < starts[-1] else "") for at in starts]
    scene.script.answers = {
        "DescribeInstances": [instances(*ids[:5]), answer_those_asked],
        "DescribeInstanceStatus": [*status_pages, _status_page([], next_token="")],
    }
    await scene.read(ids[0], max_age_seconds=60)
    await asyncio.gather(*(scene.read(each) for each in ids[:250]))

    asked = scene.script.of("DescribeInstanceStatus")
    assert sorted(len(request.ids()) for request in asked) == [0, 0, 0, 0, 50, 100, 100]
    assert {request.fields["IncludeAllInstances"] for request in asked} == {"true"}


async def test_more_than_a_thousand_are_named_in_several_calls(scene: Scene):
    scene.script.answers["DescribeInstances"] = [answer_those_asked]
    facts = await asyncio.gather(*(scene.read(each) for each in many_ids(1300)))
    assert {type(fact) for fact in facts} == {EC2InstanceFact}
    assert sorted(len(request.ids()) for request in scene.script.of("DescribeInstances")) == [300, 1000]


async def test_ids_and_page_size_are_never_sent_together(scene: Scene):
    scene.script.answers["DescribeInstances"] = [answer_those_asked]
    await asyncio.gather(*(scene.read(each) for each in many_ids(250)))
    await scene.read(A)
    named, filtered = scene.script.of("DescribeInstances")
    assert "MaxResults" not in named.fields
    assert filtered.ids() == []
    assert (filtered.fields["Filter.1.Name"], filtered.fields["Filter.1.Value.1"]) == ("instance-id", A)
    assert filtered.fields["MaxResults"] == "1000"


async def test_a_list_that_does_not_end_is_given_up(scene: Scene):
    scene.script.answers["DescribeInstances"] = [instances(A, next_token="again")]
    fact = failure(await scene.read(A, max_age_seconds=60))
    assert fact.code is ErrorCode.BAD_RESPONSE
    assert len(scene.script.of("DescribeInstances")) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><head><title>Proxy</title></head><body>Please sign in</body></html>",
        b"<!DOCTYPE html><html><body><br></body></html>",
        b'{"message": "not found"}',
        b"<DescribeInstancesResponse><reservationSet>",
        b"<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>"
        b"</item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
        b"\x00\xff\xfe",
    ],
)
async def test_what_is_not_awss_answer(scene: Scene, body: bytes):
    scene.script.answers["DescribeInstances"] = [raw(body)]
    fact = failure(await scene.read(A))
    assert (fact.code, fact.operation) == (ErrorCode.BAD_RESPONSE, "ec2:DescribeInstances")
    assert len(scene.script.of("DescribeInstances")) == 1


async def test_entities_are_not_resolved(scene: Scene, tmp_path: Any):
    secret = tmp_path / "secret"
    secret.write_text("m5.metal")
    document = (
        f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{secret}">]><DescribeInstancesResponse><reservationSet><item>'
        f"<instancesSet><item><instanceId>{A}</instanceId><instanceType>&leak;</instanceType><instanceState><code>16"
        "</code><name>running</name></instanceState><launchTime>2026-11-24T01:02:03.000Z</launchTime></item>"
        "</instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
    scene.script.answers["DescribeInstances"] = [raw(document.encode())]
    fact = await scene.read(A)
    assert isinstance(fact, SourceFailure) or instance(fact).instance_type == ""


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, ErrorCode.BAD_RESPONSE),
        (403, ErrorCode.BAD_RESPONSE),
        (404, ErrorCode.BAD_RESPONSE),
        (429, ErrorCode.THROTTLED),
        (502, ErrorCode.INTERNAL),
        (504, ErrorCode.INTERNAL),
    ],
)
async def test_a_status_without_awss_own_error(scene: Scene, status: int, code: ErrorCode):
    page = raw(b"<html><body>nothing</body></html>", status=status)
    scene.script.answers = {"DescribeInstances": [page], "GetMetricData": [page]}
    ec2, cloudwatch = await asyncio.gather(scene.read(A), scene.metrics(A))
    assert (failure(ec2).code, failure(cloudwatch).code) == (code, code)


async def test_an_endless_body_is_cut_off(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cmlfleet.integration.aws.reader.LARGEST_JSON_BYTES", 1 << 20)

    async def endless(_: AwsRequest, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        while True:
            await response.write(b" " * 65_536)

    scene.script.answers["GetMetricData"] = [endless]
    fact = failure(await scene.metrics(A))
    assert (fact.code, fact.detail) == (
        ErrorCode.BAD_RESPONSE,
        "cloudwatch:GetMetricData: the answer is larger than 1 MiB",
    )


async def test_a_proxy_of_the_environment_is_used(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    for name in ("NO_PROXY", "no_proxy", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", scene.script.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.invalid")
    scene.script.answers["DescribeInstances"] = [instances(A)]

    assert instance(await scene.read(A)).state == "running"

    assert scene.script.of("DescribeInstances")[0].headers["Host"] == "aws.invalid"


class TestMetrics:
    async def test_points_come_back_by_id_in_whatever_order(self, scene: Scene):
        async def answer(asked: AwsRequest, request: web.Request) -> Any:
            return await self._answer(asked, request, reverse=True)

        scene.script.answers["GetMetricData"] = [answer]
        facts = await asyncio.gather(*(scene.metrics(each) for each in (A, B, C)))
        percents = [fact.cpu.percent for fact in map(utilization, facts) if fact.cpu]
        assert percents == [0.0, 1.0, 2.0]

    @pytest.mark.parametrize(("detailed", "minutes"), [(True, 5), (False, 15)])
    async def test_the_window(self, scene: Scene, detailed: bool, minutes: int):
        for age, is_within in ((minutes * 60 - 5, True), (minutes * 60 + 5, False)):
            at = datetime.now(UTC) - timedelta(seconds=age)
            scene.script.answers["GetMetricData"] = [json_answer(self._result("q0", [at.timestamp()], [7.0]))]
            fact = utilization(await scene.metrics(A, detailed=detailed))
            assert (fact.cpu is not None) is is_within
            if fact.cpu is not None:
                assert fact.cpu.percent == 7.0
                assert abs(fact.cpu.at - at) < timedelta(milliseconds=1)

    async def test_what_is_asked(self, scene: Scene):
        await asyncio.gather(scene.metrics(A, detailed=True), scene.metrics(B, detailed=False))
        (request,) = scene.script.of("GetMetricData")
        queries = request.payload["MetricDataQueries"]
        assert [query["MetricStat"]["Period"] for query in queries] == [60, 300]
        assert queries[0]["MetricStat"]["Metric"] == {
            "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": A}],
        }
        start, end = request.payload["StartTime"], request.payload["EndTime"]
        now = datetime.now(UTC).timestamp()
        assert start % 300 == end % 300 == 0
        assert now - 1200 <= start <= now - 900
        assert now - 1 <= end <= now + 300

    async def test_all_pages_are_read(self, scene: Scene):
        now = datetime.now(UTC).timestamp()
        first = {**self._result("q0", [now - 200], [1.0], status="PartialData"), "NextToken": "more"}
        scene.script.answers["GetMetricData"] = [
            json_answer(first),
            json_answer(self._result("q0", [now - 100], [2.0])),
        ]
        fact = utilization(await scene.metrics(A))
        assert fact.cpu is not None
        assert fact.cpu.percent == 2.0
        assert scene.script.of("GetMetricData")[1].payload["NextToken"] == "more"

    async def test_an_answer_without_end_is_given_up(self, scene: Scene):
        scene.script.answers["GetMetricData"] = [json_answer({"MetricDataResults": [], "NextToken": "more"})]
        assert failure(await scene.metrics(A)).code is ErrorCode.BAD_RESPONSE

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"MetricDataResults": 7}', b'{"MetricDataRes', b"<html></html>"])
    async def test_what_is_not_awss_json(self, scene: Scene, body: bytes):
        scene.script.answers["GetMetricData"] = [raw(body)]
        fact = failure(await scene.metrics(A))
        assert (fact.code, fact.operation) == (ErrorCode.BAD_RESPONSE, "cloudwatch:GetMetricData")

    async def test_one_failed_call_leaves_the_other(self, scene: Scene):
        """500 workers are asked for in one call, those beyond in a second batch."""
        throttled = json_answer({"__type": "com.amazonaws.x#AccessDenied", "message": "no"}, status=403)

        async def answer(asked: AwsRequest, request: web.Request) -> Any:
            return await self._answer(asked, request, reverse=False)

        scene.script.answers["GetMetricData"] = [throttled, answer]
        facts = await asyncio.gather(*(scene.metrics(each) for each in many_ids(700)))
        denied = [fact for fact in facts if isinstance(fact, SourceFailure)]
        assert len(denied) in (200, 500)
        assert {fact.code for fact in denied} == {ErrorCode.ACCESS_DENIED}

    async def test_memory_is_asked_with_the_dimensions_that_exist(self, scene: Scene):
        wizard = {"ImageId": "ami-1", "InstanceId": A, "InstanceType": "m8i.large"}
        scene.script.answers["ListMetrics"] = [
            json_answer({"Metrics": [_metric(wizard), _metric({"host": "ip-10-0-0-1"})], "NextToken": "2"}),
            json_answer({"Metrics": [_metric({"InstanceId": B}), _metric({**wizard, "InstanceId": B})]}),
        ]

        async def answer(asked: AwsRequest, request: web.Request) -> Any:
            return await self._answer(asked, request, reverse=False)

        scene.script.answers["GetMetricData"] = [answer]
        a, b, c = map(utilization, await asyncio.gather(*(scene.metrics(each) for each in (A, B, C))))

        assert (a.memory is None, b.memory is None, c.memory is None) == (False, False, True)
        (request,) = scene.script.of("GetMetricData")
        memory = [
            {each["Name"]: each["Value"] for each in query["MetricStat"]["Metric"]["Dimensions"]}
            for query in request.payload["MetricDataQueries"]
            if query["MetricStat"]["Metric"]["Namespace"] == "CWAgent"
        ]
        assert memory == [wizard, {"InstanceId": B}]
        assert [asked.payload.get("NextToken") for asked in scene.script.of("ListMetrics")] == [None, "2"]
        assert scene.script.of("ListMetrics")[0].payload["RecentlyActive"] == "PT3H"

    async def test_cpu_does_not_wait_for_a_list_that_hangs(self, scene: Scene, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("cmlfleet.integration.aws.metric_discovery._PATIENCE_SECONDS", 0.1)

        async def hang(_: AwsRequest, __: web.Request) -> Any:
            await asyncio.sleep(60)

        scene.script.answers["ListMetrics"] = [hang]
        assert utilization(await scene.metrics(A)).memory is None

    async def _answer(self, asked: AwsRequest, request: web.Request, *, reverse: bool) -> Any:
        now = datetime.now(UTC).timestamp()
        results = [
            {"Id": query["Id"], "Timestamps": [now - 60, now - 120], "Values": [float(number), 99.0]}
            for number, query in enumerate(asked.payload["MetricDataQueries"])
        ]
        answer = json_answer({"MetricDataResults": results[::-1] if reverse else results})
        assert callable(answer)
        return await answer(asked, request)

    def _result(
        self, query_id: str, timestamps: list[float], values: list[float], *, status: str = "Complete"
    ) -> dict[str, Any]:
        result = {"Id": query_id, "Timestamps": timestamps, "Values": values, "StatusCode": status, "Label": "x"}
        return {"MetricDataResults": [result], "Messages": []}


def _metric(dimensions: dict[str, str]) -> dict[str, Any]:
    listed = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {"Namespace": "CWAgent", "MetricName": "mem_used_percent", "Dimensions": listed}


def _status_page(instance_ids: list[str], *, next_token: str) -> Any:
    items = "".join(f"<item><instanceId>{each}</instanceId></item>" for each in instance_ids)
    token = f"<nextToken>{next_token}</nextToken>" if next_token else ""
    text = (
        f"<DescribeInstanceStatusResponse><instanceStatusSet>{items}</instanceStatusSet>{token}"
        "</DescribeInstanceStatusResponse>"
    )
    return raw(text.encode(), content_type="text/xml")


def _ref(instance_id: str) -> InstanceRef:
    return InstanceRef(ACCOUNT, REGION, InstanceId(instance_id))
