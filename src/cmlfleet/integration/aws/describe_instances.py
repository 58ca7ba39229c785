"""DescribeInstances: everything in pages, or those asked for, where one bad id harms nobody else."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from cmlfleet.domain.facts import EC2InstanceFact
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.domain.slot_copies import slot_copier
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.instance_parsing import instance_items, parse_instance
from cmlfleet.integration.aws.named_instances import read_named
from cmlfleet.integration.aws.paging import read_pages
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.seen_items import SeenItems
from cmlfleet.integration.aws.xml_answers import XmlElement

_OPERATION = "DescribeInstances"
FILTER_VALUES_LIMIT = 200  # "The maximum number of filter values specified on a single call is 200"
IDS_LIMIT = 1000  # ids that one call may name
_ZONE_LETTERS = "abcdef"

Instances = dict[InstanceId, EC2InstanceFact]


@dataclass(slots=True)
class Described:
    """What was found, and for which of the ids asked (or which zones) the answer failed."""

    instances: Instances = field(default_factory=dict[InstanceId, EC2InstanceFact])
    failures: dict[InstanceId, AwsCallError] = field(default_factory=dict[InstanceId, AwsCallError])
    failed_zones: dict[str, AwsCallError] = field(default_factory=dict[str, AwsCallError])

    def add(self, other: "Described") -> None:
        self.instances.update(other.instances)
        self.failures.update(other.failures)
        self.failed_zones.update(other.failed_zones)


_as_of: Callable[[EC2InstanceFact, datetime], EC2InstanceFact] = slot_copier(EC2InstanceFact, "read_at")
"""`replace` goes through the constructor, at four times the price, for each instance in each sweep."""


class DescribeInstances:
    """`zone_of` remembers where instances were seen: in the outage of a zone, EC2 answers only for lists that stay
    outside of it."""

    def __init__(self, reader: AwsReader) -> None:
        self._reader = reader
        self._zone_of = dict[AwsScope, dict[InstanceId, str]]()
        self._seen = defaultdict[AwsScope, SeenItems[EC2InstanceFact]](
            lambda: SeenItems(operation=_OPERATION, parse=_parse, as_of=_as_of)
        )

    async def everything(self, scope: AwsScope) -> Described:
        """Every visible instance; zone by zone when the list as a whole fails. Raises `AwsCallError`."""
        try:
            instances = await self._list(scope, {}, seen=self._seen[scope])
        except AwsCallError as failure:
            if not failure.says_broken_inside:
                raise
            described = await self._zone_by_zone(scope)
            if not described.instances:
                raise
        else:
            described = Described(instances=instances)
            self._zone_of.pop(scope, None)
        self._remember(scope, described.instances)
        return described

    async def by_tags(self, scope: AwsScope, tags: Mapping[str, str]) -> Described:
        """Those that carry all the tags, and more where a value holds EC2's wildcards. Raises `AwsCallError`."""
        return Described(instances=await self._list(scope, {f"tag:{key}": [value] for key, value in tags.items()}))

    async def by_ids(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Described:
        """Those asked for: by a filter while they fit into one, since it passes over unknown ids; else named."""
        if not instance_ids:
            return Described()  # a filter without values would list everything
        if len(instance_ids) > FILTER_VALUES_LIMIT:
            described = await self._named(scope, instance_ids)
        else:
            described = await self._filtered(scope, instance_ids)
        self._remember(scope, described.instances)
        return described

    async def _filtered(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Described:
        try:
            return Described(instances=await self._list(scope, {"instance-id": instance_ids}))
        except AwsCallError as failure:
            if failure.says_broken_inside:
                return await self._named(scope, instance_ids)
            return Described(failures=dict.fromkeys(instance_ids, failure))

    async def _named(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Described:
        """In calls of at most 1,000; when one is broken inside, each zone's instances for themselves."""
        described = Described()
        for start in range(0, len(instance_ids), IDS_LIMIT):
            part = instance_ids[start : start + IDS_LIMIT]
            try:
                described.instances.update(await self._known(scope, part))
            except AwsCallError as failure:
                zones = self._by_zone(scope, part)
                if not failure.says_broken_inside or len(zones) == 1:
                    described.failures.update(dict.fromkeys(part, failure))
                    continue
                for each in await asyncio.gather(*(self._of_one_zone(scope, ids) for ids in zones)):
                    described.add(each)
        return described

    async def _of_one_zone(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Described:
        try:
            return Described(instances=await self._known(scope, instance_ids))
        except AwsCallError as failure:
            return Described(failures=dict.fromkeys(instance_ids, failure))

    async def _known(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Instances:
        return await read_named(self._reader, scope, _OPERATION, instance_ids, items=instance_items, parse=_parse)

    async def _zone_by_zone(self, scope: AwsScope) -> Described:
        known = set(self._zone_of.get(scope, {}).values())
        zones = sorted(known | {f"{scope.region}{letter}" for letter in _ZONE_LETTERS})
        described = Described()

        async def read(zone: str) -> None:
            try:
                described.instances.update(await self._list(scope, {"availability-zone": [zone]}))
            except AwsCallError as failure:
                described.failed_zones[zone] = failure

        await asyncio.gather(*map(read, zones))
        return described

    async def _list(
        self,
        scope: AwsScope,
        filters: Mapping[str, Sequence[str]],
        *,
        seen: SeenItems[EC2InstanceFact] | None = None,
    ) -> Instances:
        return await read_pages(
            self._reader, scope, _OPERATION, items=instance_items, parse=_parse, filters=filters, seen=seen
        )

    def _by_zone(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> list[list[InstanceId]]:
        zone_of = self._zone_of.get(scope, {})

        def zone(instance_id: InstanceId) -> str:
            return zone_of.get(instance_id, "")

        return [list(members) for _, members in groupby(sorted(instance_ids, key=zone), key=zone)]

    def _remember(self, scope: AwsScope, instances: Instances) -> None:
        zone_of = self._zone_of.setdefault(scope, {})
        zone_of.update({each: fact.availability_zone for each, fact in instances.items() if fact.availability_zone})


def _parse(item: XmlElement, asked_at: datetime) -> tuple[InstanceId, EC2InstanceFact]:
    return parse_instance(item, read_at=asked_at)
