"""The scenarios by name. The same seed and number of workers give the same fleet."""

import random
from collections.abc import Callable, Mapping

from cmlfleet.simulator.faults import CATALOGUE, FaultScope
from cmlfleet.simulator.plans import (
    FIRST_ACCOUNT,
    HOME_REGION,
    HOUR_SECONDS,
    SECOND_ACCOUNT,
    FaultPlan,
    LabPlan,
    Scenario,
    WorkerPlan,
)
from cmlfleet.simulator.team_story import HOME_WORKERS, team_story

DEFAULT_SCENARIO = "steady"

_TYPES = ("m8i.4xlarge", "m5zn.metal", "c8i.8xlarge", "m8i.8xlarge")
_TEAMS = ("training", "support", "research")
_TITLES = ("BGP basics", "OSPF areas", "SD-WAN edge", "MPLS core", "ACI fabric", "Campus", "Data center", "IPv6")
_MULTI_REGIONS = (HOME_REGION, "us-west-2", "eu-central-1", "ap-southeast-2")


class UnknownScenarioError(ValueError):
    """The message lists the names there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no scenario {name!r}; there are: {', '.join(SCENARIOS)}")


class WorkerCountError(ValueError):
    """The scenario is not played with so many workers."""


def scenario(name: str, *, workers: int, seed: int) -> Scenario:
    """Raises `UnknownScenarioError`, `WorkerCountError`."""
    if workers < 0:
        raise WorkerCountError(f"the number of workers must be at least 0, not {workers}")
    make = SCENARIOS.get(name)
    if make is None:
        raise UnknownScenarioError(name)
    return make(workers, seed)


def steady(workers: int, seed: int) -> Scenario:
    """One region, everything running and ready, one password, some labs."""
    dice = random.Random(f"{seed}:steady")
    plans = [ordinary_worker(number, dice=dice) for number in range(1, workers + 1)]
    return Scenario(name="steady", accounts=(FIRST_ACCOUNT,), workers=plans)


def multi(workers: int, seed: int) -> Scenario:
    """Four regions in each of two accounts; the second account's role asks for its external id."""
    dice = random.Random(f"{seed}:multi")
    accounts = (FIRST_ACCOUNT, SECOND_ACCOUNT)
    plans = [
        ordinary_worker(
            number,
            dice=dice,
            account_id=accounts[number // len(_MULTI_REGIONS) % len(accounts)].account_id,
            region=_MULTI_REGIONS[number % len(_MULTI_REGIONS)],
        )
        for number in range(1, workers + 1)
    ]
    return Scenario(name="multi", accounts=accounts, workers=plans)


def chaos(workers: int, seed: int) -> Scenario:
    """Each worker has another fault, in turn: those of instances and those of controllers."""
    dice = random.Random(f"{seed}:chaos")
    names = [name for name, kind in CATALOGUE.items() if kind.scope is not FaultScope.CLOUD]
    plans = [
        ordinary_worker(number, dice=dice, faults=(FaultPlan(name=names[(number - 1) % len(names)]),))
        for number in range(1, workers + 1)
    ]
    return Scenario(name="chaos", accounts=(FIRST_ACCOUNT,), workers=plans)


def team(workers: int, seed: int) -> Scenario:
    """The demo's twelve, then ordinary ones up to the number asked for. Raises `WorkerCountError`."""
    if workers < HOME_WORKERS:
        raise WorkerCountError(
            f"the team's story has {HOME_WORKERS} workers: --workers must be at least {HOME_WORKERS}, not {workers}"
        )
    story = team_story()
    dice = random.Random(f"{seed}:team")
    more = [ordinary_worker(number, dice=dice) for number in range(HOME_WORKERS + 1, workers + 1)]
    return Scenario(
        name=story.name,
        accounts=story.accounts,
        workers=(*story.workers, *more),
        faults=story.faults,
        beats=story.beats,
    )


def ordinary_worker(
    number: int,
    *,
    dice: random.Random,
    account_id: str = FIRST_ACCOUNT.account_id,
    region: str = HOME_REGION,
    faults: tuple[FaultPlan, ...] = (),
) -> WorkerPlan:
    return WorkerPlan(
        name=f"cml-worker-{number:05}",
        type_name=dice.choice(_TYPES),
        account_id=account_id,
        region=region,
        zone=dice.choice("abc"),
        tags={"team": dice.choice(_TEAMS)},
        up_seconds=dice.uniform(2, 60) * HOUR_SECONDS,
        elastic=dice.random() < 0.2,
        detailed_monitoring=dice.random() < 0.25,
        has_cloudwatch_agent=dice.random() < 0.3,
        labs=[
            LabPlan(
                title=title,
                owner="admin",
                node_count=dice.randint(2, 6),
                started=dice.random() < 0.6,
                hours_ago=dice.uniform(0.2, 2),
            )
            for title in dice.sample(_TITLES, dice.randint(1, 3))
        ],
        faults=faults,
    )


SCENARIOS: Mapping[str, Callable[[int, int], Scenario]] = {
    "steady": steady,
    "team": team,
    "multi": multi,
    "chaos": chaos,
}
