"""A call of EC2 that names its instances, of which one unknown id makes the whole call fail."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.call_failure import INSTANCE_MALFORMED, INSTANCE_NOT_FOUND, AwsCallError
from cmlfleet.integration.aws.instance_ids import ids_in
from cmlfleet.integration.aws.paging import parse_slowly
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.seen_items import ParseItem
from cmlfleet.integration.aws.service_call import EC2Operation, ec2_by_ids
from cmlfleet.integration.aws.xml_answers import XmlElement

T = TypeVar("T")

_MOST_CUTS = 10  # EC2 names all unknown ids at once, but moto one by one, and more may vanish between two tries


async def read_named(
    reader: AwsReader,
    scope: AwsScope,
    operation: EC2Operation,
    instance_ids: Iterable[InstanceId],
    *,
    items: Callable[[XmlElement], Iterator[XmlElement]],
    parse: ParseItem[T],
    parameters: Mapping[str, str] | None = None,
) -> dict[InstanceId, T]:
    """Those of the instances that EC2 knows: the others are cut out of its error, and the rest is asked for again.

    Raises `AwsCallError`.
    """
    wanted = list(instance_ids)
    found: dict[InstanceId, T] = {}
    cuts = 0
    while wanted:
        try:
            answer = await reader.ec2(scope, ec2_by_ids(operation, wanted, parameters or {}))
        except AwsCallError as failure:
            known = _without_those_named(wanted, failure)
            if cuts == _MOST_CUTS or len(known) == len(wanted):
                raise
            wanted, cuts = known, cuts + 1
            continue
        await parse_slowly(answer, operation, items=items, parse=parse, into=found)
        break
    return found


def _without_those_named(wanted: list[InstanceId], failure: AwsCallError) -> list[InstanceId]:
    if failure.aws_code not in (INSTANCE_NOT_FOUND, INSTANCE_MALFORMED):
        return wanted
    named = ids_in(failure.message)
    return [instance_id for instance_id in wanted if instance_id not in named]
