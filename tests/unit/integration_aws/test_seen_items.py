"""What has not changed since the sweep before is not parsed again, and nothing else is taken for it."""

from datetime import UTC, datetime, timedelta

import pytest

from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.seen_items import SeenItems, UnfamiliarPageError
from cmlfleet.integration.aws.xml_answers import XmlElement, children, text_of

FIRST = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LATER = FIRST + timedelta(minutes=1)
ONE, TWO, THREE = "i-00000001", "i-00000002", "i-00000003"
Parsed = tuple[str, datetime]


def page(*items: str, token: str = "") -> bytes:
    more = f"<nextToken>{token}</nextToken>" if token else ""
    return (
        '<?xml version="1.0"?><ListResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>'
        f"<reservationSet><item><instancesSet>{''.join(items)}</instancesSet></item></reservationSet>{more}"
        "</ListResponse>"
    ).encode()


def item(instance_id: str, state: str = "running") -> str:
    tags = "<tagSet><item><key>a</key><value>b</value></item><item><key>c</key></item></tagSet>"
    return f"<item>\n <instanceId>{instance_id}</instanceId>{tags}<state>{state}</state></item>"


class List:
    """A list of which each sweep is one page or more."""

    def __init__(self) -> None:
        self.parsed: list[str] = []
        self.seen = SeenItems[Parsed](operation="List", parse=self._parse, as_of=lambda old, at: (old[0], at))

    def _parse(self, element: XmlElement, read_at: datetime) -> tuple[InstanceId, Parsed]:
        parts = children(element)
        instance_id = text_of(parts["instanceId"]) or ""
        self.parsed.append(instance_id)
        return InstanceId(instance_id), (text_of(parts["state"]) or "", read_at)

    async def sweep(self, *pages: bytes, read_at: datetime) -> dict[InstanceId, Parsed]:
        found: dict[InstanceId, Parsed] = {}
        self.parsed.clear()
        self.seen.begin()
        for each in pages:
            await self.seen.take(each, read_at=read_at, into=found)
        self.seen.end()
        return found


@pytest.fixture
def listed() -> List:
    return List()


async def test_what_has_not_changed_is_not_parsed_again_and_has_its_new_time(listed: List):
    pages = page(item(ONE), item(TWO), token="more"), page(item(THREE))
    first = await listed.sweep(*pages, read_at=FIRST)
    assert listed.parsed == [ONE, TWO, THREE]
    assert first == {ONE: ("running", FIRST), TWO: ("running", FIRST), THREE: ("running", FIRST)}

    later = await listed.sweep(*pages, read_at=LATER)

    assert listed.parsed == []
    assert later == {ONE: ("running", LATER), TWO: ("running", LATER), THREE: ("running", LATER)}


async def test_what_has_changed_is_parsed_alone(listed: List):
    await listed.sweep(page(item(ONE), item(TWO), item(THREE)), read_at=FIRST)

    later = await listed.sweep(page(item(ONE), item(TWO, "stopped"), item(THREE)), read_at=LATER)

    assert listed.parsed == [TWO]
    assert later[InstanceId(TWO)] == ("stopped", LATER)


async def test_what_left_and_came_back_is_parsed(listed: List):
    await listed.sweep(page(item(ONE), item(TWO)), read_at=FIRST)
    assert await listed.sweep(page(item(ONE)), read_at=FIRST) == {ONE: ("running", FIRST)}

    await listed.sweep(page(item(ONE), item(TWO)), read_at=LATER)

    assert TWO in listed.parsed


@pytest.mark.parametrize(("token", "meant"), [("", None), ("abc=", "abc="), ("a&amp;b", "a&b")])
async def test_the_token_of_the_next_page(listed: List, token: str, meant: str | None):
    found: dict[InstanceId, Parsed] = {}

    assert await listed.seen.take(page(item(ONE), token=token), read_at=FIRST, into=found) == meant


async def test_an_empty_list(listed: List):
    assert await listed.sweep(page(), read_at=FIRST) == {}


@pytest.mark.parametrize(
    "body",
    [
        page(item(ONE), item(TWO))[:-12],
        page(item(ONE)).replace(b"ListResponse", b"OtherResponse"),
        page(item(ONE).replace("<instanceId>", "<first/><instanceId>")),
        page(item(ONE), "<item><state>running</state><instanceId>i-x</instanceId></item>"),
        b"<html><body>a proxy's page</body></html>",
        b"",
    ],
    ids=["cut off", "another answer", "another order", "an item without id", "a page", "nothing"],
)
async def test_a_page_that_is_written_otherwise_has_to_be_parsed_as_a_whole(listed: List, body: bytes):
    with pytest.raises(UnfamiliarPageError):
        await listed.sweep(body, read_at=FIRST)


async def test_an_item_that_is_not_whole_is_told(listed: List):
    with pytest.raises((KeyError, ValueError)):
        await listed.sweep(page(f"<item><instanceId>{ONE}</instanceId></item>"), read_at=FIRST)
