"""Whose credentials a worker is asked with, and when a rule's password is looked up."""

import asyncio
from collections.abc import Mapping

import pytest
from tests.support.cml_reader import AdjustableClock

from cmlfleet.application.ports.sources import CMLCredentials, CMLTarget, CredentialsUnavailable
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.integration.services.credential_rule import (
    READ_AGAIN_SECONDS,
    CredentialRule,
    PasswordSource,
    given_password,
)
from cmlfleet.integration.services.fleet_credentials import FleetCredentials

FLEET = CMLCredentials(username="fleet", password="f")


class Place:
    """Where a password is kept; `password` None: it cannot be had."""

    def __init__(self, password: str | None = "first") -> None:
        self.password = password
        self.reads = 0

    async def read(self) -> str:
        self.reads += 1
        await asyncio.sleep(0)
        if self.password is None:
            raise CredentialsUnavailable("the place is closed")
        return self.password

    def rule(self, clock: AdjustableClock) -> CredentialRule:
        source = PasswordSource(where="place", read=self.read)
        return CredentialRule(username="ruled", password=source, clock=clock)


class Own:
    """Workers' own credentials."""

    def __init__(self, kept: Mapping[WorkerId, CMLCredentials] | None = None) -> None:
        self._kept = kept or {}

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None:
        return self._kept.get(worker_id)


def target(
    *, own: bool = False, region: str = "us-east-1", account: str = "111122223333", **labels: str
) -> CMLTarget:
    return CMLTarget(
        worker_id=WorkerId("w-1"),
        account_id=AccountId(account),
        region=Region(region),
        endpoint="https://198.51.100.7",
        ec2_addresses=frozenset(),
        pinned_certificate=None,
        has_own_credentials=own,
        labels=labels,
    )


def rule(
    username: str, *, account_id: str | None = None, region: str | None = None, label: str | None = None
) -> CredentialRule:
    password = given_password("p")
    return CredentialRule(username=username, password=password, account_id=account_id, region=region, label=label)


RULES = (
    rule("blue-here", label="team=blue", region="us-east-1"),
    rule("blue", label="team=blue"),
    rule("lent", label="lent"),
    rule("there", account_id="444455556666"),
    rule("west", region="us-west-2"),
)


@pytest.mark.parametrize(
    ("asked", "username"),
    [
        (target(team="blue"), "blue-here"),
        (target(team="blue", region="eu-west-1"), "blue"),
        (target(team="blues"), "fleet"),
        (target(lent="to whom"), "lent"),
        (target(account="444455556666", region="us-west-2"), "there"),
        (target(region="us-west-2"), "west"),
        (target(), "fleet"),
    ],
)
async def test_the_first_rule_that_matches_wins_and_the_fleet_s_are_last(asked: CMLTarget, username: str) -> None:
    provider = FleetCredentials(own=Own(), rules=RULES, fleet=FLEET)
    found = await provider.credentials_for(asked)
    assert found is not None
    assert found.username == username


async def test_a_worker_s_own_win_over_every_rule() -> None:
    own = CMLCredentials(username="own", password="o")
    provider = FleetCredentials(own=Own({WorkerId("w-1"): own}), rules=RULES, fleet=FLEET)
    assert await provider.credentials_for(target(own=True, team="blue")) == own
    assert await provider.refused(target(own=True, team="blue"), own, forced=True) is None


async def test_without_any_there_are_none() -> None:
    assert await FleetCredentials(own=Own(), rules=RULES, fleet=None).credentials_for(target()) is None


async def test_a_password_is_looked_up_once_for_everybody() -> None:
    place = Place()
    ruled = place.rule(AdjustableClock())
    found = await asyncio.gather(*(ruled.credentials() for _ in range(100)))
    assert {credentials.password for credentials in found} == {"first"}
    assert place.reads == 1


async def test_a_refused_password_is_looked_up_again_once_for_everybody() -> None:
    place, clock = Place(), AdjustableClock()
    ruled = place.rule(clock)
    refused = await ruled.credentials()
    place.password = "second"
    clock.advance(READ_AGAIN_SECONDS)
    found = await asyncio.gather(*(ruled.credentials_after(refused, forced=False) for _ in range(100)))
    assert {credentials.password for credentials in found} == {"second"}
    assert place.reads == 2
    assert (await ruled.credentials()).password == "second"


async def test_a_password_that_stays_wrong_is_not_looked_up_for_each_refusal() -> None:
    place, clock = Place(), AdjustableClock()
    provider = FleetCredentials(own=Own(), rules=[place.rule(clock)], fleet=FLEET)
    refused = await provider.credentials_for(target())
    assert refused is not None
    for _ in range(20):
        clock.advance(1)
        assert await provider.refused(target(), refused, forced=False) is None
    assert place.reads == 3


async def test_a_person_s_refresh_looks_at_once() -> None:
    place, clock = Place(), AdjustableClock()
    ruled = place.rule(clock)
    refused = await ruled.credentials()
    place.password = "second"
    assert (await ruled.credentials_after(refused, forced=True)).password == "second"


async def test_a_place_that_is_closed_says_so_and_is_not_asked_for_each_worker() -> None:
    place, clock = Place(None), AdjustableClock()
    ruled = place.rule(clock)
    for _ in range(5):
        with pytest.raises(CredentialsUnavailable, match="the place is closed"):
            await ruled.credentials()
    assert place.reads == 1
    place.password = "first"
    clock.advance(READ_AGAIN_SECONDS)
    assert (await ruled.credentials()).password == "first"


async def test_a_known_password_outlives_a_place_that_closes() -> None:
    place, clock = Place(), AdjustableClock()
    ruled = place.rule(clock)
    known = await ruled.credentials()
    place.password = None
    assert await ruled.credentials_after(known, forced=True) == known
    assert await ruled.credentials() == known
