"""Lists of EC2 in pages, parsed in slices between which the event loop runs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.call_failure import bad_response
from cmlfleet.integration.aws.instance_parsing import next_token
from cmlfleet.integration.aws.reader import Answer, AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.seen_items import ParseItem, SeenItems, UnfamiliarPageError
from cmlfleet.integration.aws.service_call import EC2Operation, ec2_list
from cmlfleet.integration.aws.xml_answers import XmlElement, parse_xml_body, require_root

T = TypeVar("T")

LARGEST_PAGE = 1000
_SLICE_ITEMS = 100  # 3 ms of work
_MOST_PAGES = 1000  # a million instances: more is a token that goes round in circles


async def read_pages(
    reader: AwsReader,
    scope: AwsScope,
    operation: EC2Operation,
    *,
    items: Callable[[XmlElement], Iterator[XmlElement]],
    parse: ParseItem[T],
    parameters: Mapping[str, str] | None = None,
    filters: Mapping[str, Sequence[str]] | None = None,
    seen: SeenItems[T] | None = None,
) -> dict[InstanceId, T]:
    """Everything the list has; with `seen`, what has not changed is not parsed again. Raises `AwsCallError`."""
    found: dict[InstanceId, T] = {}
    fields = {**(parameters or {}), "MaxResults": str(LARGEST_PAGE)}
    if seen is not None:
        seen.begin()
    for _ in range(_MOST_PAGES):
        call = ec2_list(operation, fields, filters=filters or {})
        if seen is None:
            answer = await reader.ec2(scope, call)
            await parse_slowly(answer, operation, items=items, parse=parse, into=found)
            token = next_token(answer.content)
        else:
            page = await reader.ec2_page(scope, call)
            token = await _take_page(page, operation, items=items, parse=parse, seen=seen, into=found)
        if token is None:
            if seen is not None:
                seen.end()
            return found
        if token == fields.get("NextToken"):
            break
        fields["NextToken"] = token
    raise bad_response(f"ec2:{operation}", "the list does not end")


async def _take_page(
    page: Answer[bytes],
    operation: EC2Operation,
    *,
    items: Callable[[XmlElement], Iterator[XmlElement]],
    parse: ParseItem[T],
    seen: SeenItems[T],
    into: dict[InstanceId, T],
) -> str | None:
    try:
        return await seen.take(page.content, read_at=page.asked_at, into=into)
    except UnfamiliarPageError:
        root = await parse_xml_body(page.content, operation=f"ec2:{operation}")
        require_root(root, operation=operation)
        whole = Answer(content=root, asked_at=page.asked_at)
        await parse_slowly(whole, operation, items=items, parse=parse, into=into)
        return next_token(root)
    except (KeyError, ValueError) as error:
        raise bad_response(f"ec2:{operation}", f"an item of the list is not whole: {error}") from error


async def parse_slowly(
    answer: Answer[XmlElement],
    operation: EC2Operation,
    *,
    items: Callable[[XmlElement], Iterator[XmlElement]],
    parse: ParseItem[T],
    into: dict[InstanceId, T],
) -> None:
    """Add what the answer holds. Raises `AwsCallError` (`bad_response`) for an item that is not whole."""
    try:
        for number, item in enumerate(items(answer.content), start=1):
            instance_id, parsed = parse(item, answer.asked_at)
            into[instance_id] = parsed
            if number % _SLICE_ITEMS == 0:
                await asyncio.sleep(0)
    except (KeyError, ValueError) as error:
        raise bad_response(f"ec2:{operation}", f"an item of the list is not whole: {error}") from error
