"""DescribeInstanceStatus: checks and scheduled events. What it fails at, an instance's record goes without."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.instance_parsing import InstanceStatus, parse_status, status_items
from cmlfleet.integration.aws.named_instances import read_named
from cmlfleet.integration.aws.paging import LARGEST_PAGE, read_pages
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.seen_items import SeenItems
from cmlfleet.integration.aws.xml_answers import XmlElement

_OPERATION = "DescribeInstanceStatus"
IDS_LIMIT = 100  # "exceeds the maximum number of instance IDs that can be specificied (100)"
_ALL = {"IncludeAllInstances": "true"}  # else only running instances are listed
_PAUSE_SECONDS = {  # for so long nobody waits for these again
    ErrorCode.ACCESS_DENIED: 60.0,
    ErrorCode.TIMEOUT: 30.0,
    ErrorCode.THROTTLED: 15.0,
}

_log = structlog.get_logger(__name__)

Statuses = Mapping[InstanceId, InstanceStatus]


class DescribeInstanceStatus:
    """Never fails: None stands for statuses that could not be read, which is logged when it begins and when it
    ends."""

    def __init__(self, reader: AwsReader, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._failing = set[AwsScope]()
        self._paused_until = dict[AwsScope, float]()
        self._last_count = dict[AwsScope, int]()
        self._seen = defaultdict[AwsScope, SeenItems[InstanceStatus]](
            lambda: SeenItems(operation=_OPERATION, parse=_parse, as_of=_as_ever)
        )

    async def everything(self, scope: AwsScope) -> Statuses | None:
        """The status of every visible instance, running or not."""
        return await self._unless_it_fails(scope, lambda: self._list(scope))

    async def by_ids(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Statuses | None:
        """The status of those asked for, and perhaps of others: up to a hundred are named in one call; more are
        read from the pages, unless the account holds so many that the pages are more calls."""
        calls = -(-len(instance_ids) // IDS_LIMIT)
        pages = -(-self._last_count.get(scope, 0) // LARGEST_PAGE)
        if calls > 1 and pages <= calls:
            return await self.everything(scope)
        return await self._unless_it_fails(scope, lambda: self._named(scope, instance_ids))

    async def _list(self, scope: AwsScope) -> Statuses:
        found = await read_pages(
            self._reader,
            scope,
            _OPERATION,
            items=status_items,
            parse=_parse,
            parameters=_ALL,
            seen=self._seen[scope],
        )
        self._last_count[scope] = len(found)
        return found

    async def _named(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Statuses:
        parts = [instance_ids[start : start + IDS_LIMIT] for start in range(0, len(instance_ids), IDS_LIMIT)]
        answers = await asyncio.gather(
            *(
                read_named(self._reader, scope, _OPERATION, part, items=status_items, parse=_parse, parameters=_ALL)
                for part in parts
            )
        )
        return {instance_id: status for answer in answers for instance_id, status in answer.items()}

    async def _unless_it_fails(self, scope: AwsScope, read: Callable[[], Awaitable[Statuses]]) -> Statuses | None:
        if self._clock() < self._paused_until.get(scope, 0.0):
            return None
        try:
            statuses = await read()
        except AwsCallError as failure:
            self._paused_until[scope] = self._clock() + _PAUSE_SECONDS.get(failure.code, 0.0)
            if scope not in self._failing:
                self._failing.add(scope)
                _log.warning(
                    "instance_status_unknown", scope=str(scope), error_code=failure.code.value, detail=failure.detail
                )
            return None
        if scope in self._failing:
            self._failing.discard(scope)
            _log.info("instance_status_known_again", scope=str(scope))
        return statuses


def _parse(item: XmlElement, _: datetime) -> tuple[InstanceId, InstanceStatus]:
    return parse_status(item)


def _as_ever(status: InstanceStatus, _: datetime) -> InstanceStatus:
    return status
