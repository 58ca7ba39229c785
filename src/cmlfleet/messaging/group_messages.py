"""What stands on the queue: taskiq's message around one fire of one group.

Within a version fields are only added, and read with a default, so that old and new processes understand each other;
anything else is a new version, with a stream of its own (`Keys.queue`).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from taskiq.formatters.json_formatter import JSONFormatter
from taskiq.message import TaskiqMessage

from cmlfleet.application.ports.group_queue import GroupFire
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId

VERSION = 1
REFRESH_GROUP = "cmlfleet.refresh_group"
HEARTBEAT = "cmlfleet.heartbeat"
"""Asks nothing but to be received: taskiq looks for what dead processes left behind only after it got a message."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    group: str
    account: AccountId
    region: Region
    slot: int
    fence: int
    members: tuple[WorkerId, ...]


class UnknownVersion(Exception):
    """The message is not of this code's version, or not a message of ours."""


def slot_number(slot: datetime) -> int:
    """Milliseconds since 1970."""
    return (slot - _EPOCH) // _MILLISECOND


def slot_time(number: int) -> datetime:
    """Of milliseconds since 1970."""
    return _EPOCH + number * _MILLISECOND


def encode(fire: GroupFire, *, fence: int) -> bytes:
    """For the stream's field `data`."""
    body = _Body(
        version=VERSION,
        group=fire.group_id,
        account=fire.account_id,
        region=fire.region,
        slot=slot_number(fire.slot),
        fence=fence,
        members=fire.members,
    )
    return _enveloped(REFRESH_GROUP, f"{fire.group_id}@{body.slot}", {"body": msgspec.to_builtins(body)})


def decode(body: dict[str, Any]) -> GroupFire:
    """Of the task's one argument. Raises UnknownVersion."""
    if body.get("version") != VERSION:
        raise UnknownVersion(f"version {body.get('version')!r}")
    try:
        known = msgspec.convert(body, _Body)
    except msgspec.ValidationError as error:
        raise UnknownVersion(str(error)) from error
    return GroupFire(
        group_id=known.group,
        account_id=known.account,
        region=known.region,
        slot=slot_time(known.slot),
        members=known.members,
    )


def heartbeat() -> bytes:
    """For the stream's field `data`."""
    return _enveloped(HEARTBEAT, HEARTBEAT, {})


def _enveloped(task: str, task_id: str, arguments: dict[str, Any]) -> bytes:
    message = TaskiqMessage(task_id=task_id, task_name=task, labels={}, args=[], kwargs=arguments)
    return JSONFormatter().dumps(message).message
