"""The scenarios by name. The same seed and number give the same fleet."""

import random
from collections.abc import Callable, Mapping

from cmlfleet.simulator.plans import FIRST_ACCOUNT, HOUR_SECONDS, LabPlan, Scenario, WorkerPlan

DEFAULT_SCENARIO = "steady"

_TYPES = ("m8i.4xlarge", "m5zn.metal", "c8i.8xlarge", "m8i.8xlarge")
_TEAMS = ("training", "support", "research")
_TITLES = ("BGP basics", "OSPF areas", "SD-WAN edge", "MPLS core", "ACI fabric", "Campus", "Data center", "IPv6 day")
_OWNERS = ("admin", "anna", "ben", "chris", "dana")


class UnknownScenarioError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no scenario {name!r}; there are: {', '.join(SCENARIOS)}")


def scenario(name: str, *, workers: int, seed: int) -> Scenario:
    """Raises `UnknownScenarioError`."""
    make = SCENARIOS.get(name)
    if make is None:
        raise UnknownScenarioError(name)
    return make(workers, seed)


def steady(workers: int, seed: int) -> Scenario:
    """One region, everything running and ready, some labs."""
    dice = random.Random(f"{seed}:steady")
    return Scenario(
        name="steady",
        accounts=(FIRST_ACCOUNT,),
        workers=[steady_worker(number, dice=dice) for number in range(1, workers + 1)],
    )


def steady_worker(number: int, *, dice: random.Random) -> WorkerPlan:
    return WorkerPlan(
        name=f"cml-worker-{number:05}",
        type_name=dice.choice(_TYPES),
        zone=dice.choice("abc"),
        team=dice.choice(_TEAMS),
        up_seconds=dice.uniform(2, 60) * HOUR_SECONDS,
        detailed_monitoring=dice.random() < 0.25,
        elastic=dice.random() < 0.2,
        has_cloudwatch_agent=dice.random() < 0.3,
        labs=[
            LabPlan(
                title=title,
                owner=dice.choice(_OWNERS),
                node_count=dice.randint(2, 6),
                started=dice.random() < 0.6,
            )
            for title in dice.sample(_TITLES, dice.randint(1, 3))
        ],
    )


SCENARIOS: Mapping[str, Callable[[int, int], Scenario]] = {"steady": steady}
