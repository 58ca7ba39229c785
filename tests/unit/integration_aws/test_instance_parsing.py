"""Instances as DescribeInstances really shows them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from cmlfleet.domain.facts import EC2Checks, EC2InstanceFact
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.instance_parsing import (
    instance_items,
    next_token,
    parse_instance,
    parse_status,
    status_items,
)
from cmlfleet.integration.aws.paging import parse_slowly
from cmlfleet.integration.aws.reader import Answer
from cmlfleet.integration.aws.xml_answers import XmlElement, error_of_xml, parse_xml

READ_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
LEAST = (
    "<instanceId>i-0aaaaaaaaaaaaaaaa</instanceId><instanceState><code>{code}</code>{name}</instanceState>"
    "<launchTime>2026-11-24T01:02:03.000Z</launchTime>"
)
METAL = (
    LEAST.format(code=16, name="<name>running</name>")
    + """
    <imageId>ami-1</imageId><instanceType>m5zn.metal</instanceType><reason/>
    <placement><availabilityZone>us-east-1b</availabilityZone><tenancy>default</tenancy></placement>
    <monitoring><state>enabled</state></monitoring>
    <privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>203.0.113.9</ipAddress>
    <tagSet><item><key>Name</key><value>Zürich &amp; Köln</value></item><item><key>empty</key><value/></item></tagSet>
    <networkInterfaceSet><item>
      <privateIpAddress>10.0.0.5</privateIpAddress>
      <association><publicIp>203.0.113.9</publicIp><ipOwnerId>OWNER</ipOwnerId></association>
      <privateIpAddressesSet>
        <item><privateIpAddress>10.0.0.5</privateIpAddress><primary>true</primary>
          <association><publicIp>203.0.113.9</publicIp><ipOwnerId>OWNER</ipOwnerId></association></item>
        <item><privateIpAddress>10.0.0.6</privateIpAddress><primary>false</primary>
          <association><publicIp>203.0.113.10</publicIp><ipOwnerId>111122223333</ipOwnerId></association></item>
      </privateIpAddressesSet>
      <ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item></ipv6AddressesSet>
    </item></networkInterfaceSet>
    <cpuOptions><coreCount>24</coreCount><nestedVirtualization>NESTED</nestedVirtualization></cpuOptions>
    """
)


async def _chunks(text: str) -> AsyncIterator[bytes]:
    """In pieces that cut through tags and letters of two bytes."""
    body = text.encode()
    for start in range(0, len(body), 7):
        yield body[start : start + 7]


async def _root(text: str) -> XmlElement:
    return await parse_xml(_chunks(text), operation="ec2:X", largest_bytes=1 << 20)


async def _parsed(item: str) -> EC2InstanceFact:
    root = await _root(
        f"<DescribeInstancesResponse {NAMESPACE}><reservationSet><item><instancesSet><item>{item}</item>"
        "</instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
    (element,) = instance_items(root)
    return parse_instance(element, read_at=READ_AT)[1]


async def test_everything_that_is_used():
    fact = await _parsed(METAL.replace("OWNER", "amazon").replace("NESTED", "disabled"))
    assert fact == EC2InstanceFact(
        read_at=READ_AT,
        state="running",
        state_reason=None,
        instance_type="m5zn.metal",
        image_id="ami-1",
        availability_zone="us-east-1b",
        launched_at=datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
        private_ip="10.0.0.5",
        public_ip="203.0.113.9",
        public_ip_is_elastic=False,
        addresses=("10.0.0.5", "203.0.113.9", "10.0.0.6", "2001:db8::5", "203.0.113.10"),
        tags={"Name": "Zürich & Köln", "empty": ""},
        detailed_monitoring=True,
        nested_virtualization=False,
    )


@pytest.mark.parametrize(("owner", "is_elastic"), [("amazon", False), ("111122223333", True), ("444455556666", True)])
async def test_an_elastic_address_belongs_to_an_account(owner: str, is_elastic: bool):
    assert (await _parsed(METAL.replace("OWNER", owner))).public_ip_is_elastic is is_elastic


async def test_nested_virtualization():
    assert (await _parsed(METAL.replace("NESTED", "enabled"))).nested_virtualization


async def test_a_terminated_instance_has_little_left():
    fact = await _parsed(LEAST.format(code=48, name="<name>terminated</name>"))
    assert (fact.state, fact.private_ip, fact.public_ip, fact.addresses) == ("terminated", None, None, ())
    assert (fact.tags, fact.availability_zone, fact.detailed_monitoring) == ({}, None, False)


@pytest.mark.parametrize(
    ("code", "name", "state"),
    [(16, "<name>running</name>", "running"), (272, "", "running"), (64, "", "stopping"), (80, "<name/>", "stopped")],
)
async def test_the_high_byte_of_the_state_does_not_count(code: int, name: str, state: str):
    assert (await _parsed(LEAST.format(code=code, name=name))).state == state


SHUTDOWN = "Client.UserInitiatedShutdown: User initiated shutdown"


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("", None),
        ("<reason/><stateReason><code/><message/></stateReason>", None),
        (f"<stateReason><code>Client.X</code><message>{SHUTDOWN}</message></stateReason>", SHUTDOWN),
        ("<stateReason><code>Server.ScheduledStop</code><message/></stateReason>", "Server.ScheduledStop"),
        ("<reason>User initiated (2024-01-02 03:04:05 GMT)</reason>", "User initiated (2024-01-02 03:04:05 GMT)"),
        (
            f"<reason>User initiated (x)</reason><stateReason><message>{SHUTDOWN}</message></stateReason>",
            f"{SHUTDOWN}; User initiated (x)",
        ),
    ],
)
async def test_the_reason_of_a_state(xml: str, reason: str | None):
    assert (await _parsed(LEAST.format(code=80, name="<name>stopped</name>") + xml)).state_reason == reason


@pytest.mark.parametrize("lacking", ["instanceId", "instanceState", "launchTime"])
async def test_an_item_that_is_not_whole(lacking: str):
    item = LEAST.format(code=16, name="<name>running</name>").replace(lacking, "other")
    with pytest.raises((KeyError, ValueError)):
        await _parsed(item)


async def test_a_status_with_events():
    root = await _root(
        f"<DescribeInstanceStatusResponse {NAMESPACE}><instanceStatusSet><item><instanceId>i-0aaaaaaaaaaaaaaaa"
        "</instanceId><eventsSet><item><code>system-reboot</code><description>scheduled reboot</description>"
        "<notBefore>2026-12-01T00:00:00.000Z</notBefore><notAfter>2026-12-01T02:00:00.000Z</notAfter></item>"
        "<item><code>instance-stop</code></item></eventsSet><systemStatus><status>impaired</status></systemStatus>"
        "<instanceStatus><status>ok</status></instanceStatus></item><item><instanceId>i-0bbbbbbbbbbbbbbbb</instanceId>"
        "</item></instanceStatusSet><nextToken>more</nextToken></DescribeInstanceStatusResponse>"
    )
    assert next_token(root) == "more"
    first, second = (parse_status(item)[1] for item in status_items(root))
    assert first.checks == EC2Checks(system="impaired", instance="ok", ebs=None)
    assert [(event.code, event.not_before is None) for event in first.scheduled_events] == [
        ("system-reboot", False),
        ("instance-stop", True),
    ]
    assert first.scheduled_events[0].not_after == datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert (second.checks, second.scheduled_events) == (None, ())


async def test_the_event_loop_has_its_turns_meanwhile():
    """A large page is parsed in slices, the tree as well as the instances in it."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def one_chunk() -> AsyncIterator[bytes]:
        yield (
            f"<DescribeInstancesResponse {NAMESPACE}><reservationSet><item><instancesSet>"
            + "".join(f"<item>{METAL.replace('aaaaaaaaaaaaaaaa', f'{number:016x}')}</item>" for number in range(1000))
            + "</instancesSet></item></reservationSet></DescribeInstancesResponse>"
        ).encode()

    counting = asyncio.create_task(count())
    root = await parse_xml(one_chunk(), operation="ec2:X", largest_bytes=8 << 20)
    turns_while_parsing, turns = turns, 0
    found: dict[InstanceId, EC2InstanceFact] = {}
    await parse_slowly(
        Answer(content=root, asked_at=READ_AT),
        "DescribeInstances",
        items=instance_items,
        parse=lambda item, at: parse_instance(item, read_at=at),
        into=found,
    )
    counting.cancel()

    assert len(found) == 1000
    assert turns_while_parsing >= 20
    assert turns >= 9


async def test_too_much_of_it():
    with pytest.raises(AwsCallError, match="larger than 1 MiB"):
        await parse_xml(_chunks("<a>" + "x" * (2 << 20)), operation="ec2:X", largest_bytes=1 << 20)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b"<Response><Errors><Error><Code>A</Code><Message>b</Message></Error></Errors></Response>",
            ("A", "b"),
        ),
        (b'<ErrorResponse xmlns="x"><Error><Code>A</Code></Error></ErrorResponse>', ("A", "")),
        (b"<html><body>no</body></html>", None),
        (b"", None),
        (b"{}", None),
    ],
)
def test_errors(body: bytes, said: tuple[str, str] | None):
    assert error_of_xml(body) == said
