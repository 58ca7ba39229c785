"""A group's fire, and the term it is fired in."""

from datetime import UTC, datetime

from cmlfleet.application.ports.cluster import Term
from cmlfleet.application.ports.group_queue import GroupFire
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId

TERM = Term(token="one", fence=7)
FIRE = GroupFire(
    group_id="a/b/1",
    account_id=AccountId("a"),
    region=Region("b"),
    slot=datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC),
    members=(WorkerId("w-1"), WorkerId("w-2")),
)
