"""Metrics asked for before their instance's turn comes, in the room that a call for others has left."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from cmlfleet.domain.facts import CloudWatchFact, SourceFailure
from cmlfleet.domain.utilization import next_datapoint_at
from cmlfleet.integration.aws.metric_series import MetricTarget
from cmlfleet.integration.aws.scope import AwsScope


@dataclass(frozen=True, slots=True)
class _Follower:
    """Who asks for a target at each interval after `turn_at` once it is due."""

    turn_at: float
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Held:
    fact: CloudWatchFact
    at: float


class MetricsAhead:
    """Each target is asked for by its own group of workers, once an interval, and groups of an account and region
    have their turns at different moments: alone, each would fill a call in part. Whoever has its turn within half an
    interval, and a new point by now, is asked for with those whose turn it is.

    Nothing is asked for twice: what is held for a target goes to its next reading, and a target is asked for ahead
    only when its last reading came to somebody who will ask again. What nobody came for is forgotten.
    """

    def __init__(self, *, interval_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._followers = defaultdict[AwsScope, dict[MetricTarget, _Follower]](dict)
        self._held = defaultdict[AwsScope, dict[MetricTarget, _Held]](dict)

    def take(self, scope: AwsScope, target: MetricTarget, *, max_age_seconds: float) -> CloudWatchFact | None:
        """What is held for the target, if it is young enough. It is given once."""
        self._followers[scope].pop(target, None)
        held = self._held[scope].pop(target, None)
        return held.fact if held is not None and self._clock() - held.at < max_age_seconds else None

    def follow(self, scope: AwsScope, target: MetricTarget, fact: CloudWatchFact) -> None:
        """The schedule has read the target, and comes back for it after the interval."""
        if isinstance(fact, SourceFailure):
            return
        due_at = next_datapoint_at(fact, period_seconds=target.period_seconds)
        self._followers[scope][target] = _Follower(self._clock(), due_at)

    def due(self, scope: AwsScope) -> list[MetricTarget]:
        """Whom to ask for ahead, the next one first."""
        now = datetime.now(UTC)
        waits = [
            (self._until_turn(follower), target)
            for target, follower in self._followers[scope].items()
            if follower.due_at <= now
        ]
        soon = [(wait, target) for wait, target in waits if wait < self._interval_seconds / 2]
        return [target for _, target in sorted(soon, key=itemgetter(0))]

    def leave_out(self, scope: AwsScope, targets: Iterable[MetricTarget]) -> None:
        """They are being asked for."""
        for target in targets:
            self._followers[scope].pop(target, None)

    def hold(self, scope: AwsScope, facts: Mapping[MetricTarget, CloudWatchFact]) -> None:
        """Until their turn. Failures are not kept: who asks then may fare better."""
        now, held = self._clock(), self._held[scope]
        for target in [target for target, each in held.items() if now - each.at > self._interval_seconds]:
            del held[target]  # nobody came: stopped, or forgotten
        held.update(
            {target: _Held(fact, now) for target, fact in facts.items() if not isinstance(fact, SourceFailure)}
        )

    def _until_turn(self, follower: _Follower) -> float:
        return self._interval_seconds - (self._clock() - follower.turn_at) % self._interval_seconds
