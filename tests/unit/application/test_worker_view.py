"""What the interface shows of a stored record at a moment."""

from datetime import datetime

import pytest
from tests.support.workers import NOW, minutes, new_state

from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.domain.sources import Outcome, Source


@pytest.mark.parametrize(
    ("monitored", "now", "shown"),
    [
        (True, NOW, NOW + minutes(1)),
        (True, NOW + minutes(2), NOW + minutes(2)),  # its reading hangs: it is due at this very moment
        (False, NOW, None),  # nobody will ask
    ],
)
def test_no_source_is_due_in_the_past(monitored: bool, now: datetime, shown: datetime | None) -> None:
    state = new_state()
    state.monitoring_active = monitored
    for source in Source:
        state.sources[source].outcome = Outcome.OK
        state.sources[source].next_due_at = NOW + minutes(1)
    sources = worker_view(state, now=now).sources
    assert {sources.ec2.next_due_at, sources.cloudwatch.next_due_at, sources.cml.next_due_at} == {shown}
