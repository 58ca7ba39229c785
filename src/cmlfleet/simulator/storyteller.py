"""Plays a scenario's later beats, and says so."""

from collections.abc import Callable, Sequence

import structlog

from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.fleet import FIRST_LAB, SimulatedFleet
from cmlfleet.simulator.plans import Beat, BeatAction
from cmlfleet.simulator.timeline import Timeline

Announce = Callable[[Beat], None]

_log = structlog.get_logger(__name__)


class Storyteller:
    """`announce` is told of each beat as it happens."""

    def __init__(self, *, fleet: SimulatedFleet, timeline: Timeline, announce: Announce) -> None:
        self._fleet = fleet
        self._timeline = timeline
        self._announce = announce

    def begin(self, beats: Sequence[Beat]) -> None:
        """Their seconds count from now."""
        for beat in beats:
            self._timeline.after(beat.after_seconds, lambda beat=beat: self._play(beat))

    def _play(self, beat: Beat) -> None:
        """What somebody did meanwhile may have left nothing to do: then there is nothing to announce either."""
        try:
            match beat.action:
                case BeatAction.STOP_INSTANCE:
                    self._fleet.act_in_console(beat.worker, "stop")
                case BeatAction.START_LAB:
                    self._fleet.act_on_lab(beat.worker, FIRST_LAB, "start")
        except (AwsError, ValueError) as cause:
            _log.info("beat.skipped", worker=beat.worker, cause=str(cause))
            return
        self._announce(beat)
