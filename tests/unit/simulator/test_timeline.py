from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.timeline import Timeline


def test_happenings_come_in_the_order_of_their_time_and_none_too_early() -> None:
    clock = SimulationClock()
    timeline = Timeline(clock=clock)
    happened: list[str] = []
    timeline.after(200, lambda: happened.append("later"))
    timeline.after(100, lambda: happened.append("sooner"))
    timeline.settle()
    assert happened == []
    clock.advance(150)
    timeline.settle()
    assert happened == ["sooner"]
    clock.advance(150)
    timeline.settle()
    timeline.settle()
    assert happened == ["sooner", "later"]


def test_what_a_happening_brings_about_happens_too() -> None:
    clock = SimulationClock()
    timeline = Timeline(clock=clock)
    happened: list[str] = []
    timeline.after(10, lambda: timeline.after(0, lambda: happened.append("second")))
    clock.advance(11)
    timeline.settle()
    assert happened == ["second"]
