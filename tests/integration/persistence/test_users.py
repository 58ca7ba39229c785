"""Users, the first of them, and attempts to sign in, on both databases and from several processes at once."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.support.workers import NOW

from cmlfleet.application.ports.identity_provider import OpenIDAttempt
from cmlfleet.application.ports.users import AttemptLimit, User
from cmlfleet.application.principal import Role
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.persistence.attempts import TRUSTED_FOR, SqlAttempts
from cmlfleet.persistence.storage import Storage

ANN = User(id="u-1", name="Ann", role=Role.ADMIN, created_at=NOW, password_hash="hash")
LIMITS = {"address": AttemptLimit(most=3, one_more_every_seconds=10.0)}


async def test_a_user_comes_back_as_saved_and_by_name_in_any_case(storage: Storage, other: Storage) -> None:
    limited = User(
        id="u-2",
        name="Çağ",
        role=Role.VIEWER,
        limit=TeamLimit(labels=("team=blue",)),
        created_at=NOW,
        password_hash="h",
    )
    assert await storage.users.add(limited)
    assert await other.users.get("u-2") == limited
    assert await other.users.named("ÇAĞ") == limited
    assert await other.users.named("cag") is None
    assert await other.users.limited_labels() == {"team"}


async def test_a_name_is_taken_once_in_any_case(storage: Storage, other: Storage) -> None:
    twin = User(id="u-9", name="aNN", role=Role.VIEWER, created_at=NOW, password_hash="h")
    assert sorted(await asyncio.gather(storage.users.add(ANN), other.users.add(twin))) == [False, True]


async def test_of_two_with_the_same_code_one_is_first(storage: Storage, other: Storage) -> None:
    await storage.users.replace_set_up_code("earlier")
    await other.users.replace_set_up_code("code")
    assert await storage.users.set_up_code() == "code"
    twin = User(id="u-9", name="eve", role=Role.ADMIN, created_at=NOW, password_hash="h")
    done = await asyncio.gather(storage.users.add_first(ANN), other.users.add_first(twin))
    assert sorted(done) == [False, True]
    assert len(await storage.users.list()) == 1
    assert await storage.users.set_up_code() is None


async def test_without_a_code_nobody_is_first(storage: Storage) -> None:
    assert await storage.users.add_first(ANN) is False


async def test_guesses_that_come_together_are_counted_together(storage: Storage, other: Storage) -> None:
    stores = (storage, other)
    waits = await asyncio.gather(*(stores[number % 2].attempts.take(LIMITS) for number in range(10)))
    assert [wait is None for wait in waits].count(True) == 3


@pytest.mark.parametrize(("seconds", "allowed"), [(0, 0), (9, 0), (10, 1), (25, 2), (3600, 3)])
async def test_attempts_come_back_with_time(storage: Storage, seconds: int, allowed: int) -> None:
    now: list[datetime] = [NOW]
    attempts = SqlAttempts(storage.database, clock=lambda: now[0])
    for _ in range(3):
        assert await attempts.take(LIMITS) is None
    assert await attempts.take(LIMITS) == 10.0
    now[0] = NOW + timedelta(seconds=seconds)
    waits = [await attempts.take(LIMITS) for _ in range(4)]
    assert waits.count(None) == allowed


async def test_one_that_is_given_back_does_not_count(storage: Storage) -> None:
    for _ in range(9):
        assert await storage.attempts.take(LIMITS) is None
        await storage.attempts.give_back(LIMITS)


async def test_one_bucket_that_is_full_takes_nothing_from_the_others(storage: Storage) -> None:
    for _ in range(3):
        await storage.attempts.take(LIMITS)
    account = {"account": AttemptLimit(most=1, one_more_every_seconds=1.0)}
    assert await storage.attempts.take({**LIMITS, **account}) is not None
    assert await storage.attempts.take(account) is None


async def test_a_sign_in_at_a_provider_is_taken_once_by_one_process(storage: Storage, other: Storage) -> None:
    attempt = OpenIDAttempt(nonce="n", verifier="v", browser_hash="b", redirect_uri="r", begun_at=NOW)
    await storage.openid_attempts.add(attempt, state_hash="state")
    taken = await asyncio.gather(storage.openid_attempts.take("state"), other.openid_attempts.take("state"))
    assert sorted(taken, key=lambda one: one is None) == [attempt, None]


async def test_a_device_is_trusted_for_its_user_and_for_a_while(storage: Storage) -> None:
    now: list[datetime] = [NOW]
    attempts = SqlAttempts(storage.database, clock=lambda: now[0])
    await attempts.trust("device", user_id="u-1")
    assert await attempts.is_trusted("device", user_id="u-1")
    assert not await attempts.is_trusted("device", user_id="u-2")
    now[0] = NOW + TRUSTED_FOR - timedelta(days=1)
    await attempts.take(LIMITS)  # sweeps what is old
    assert await attempts.is_trusted("device", user_id="u-1")
    now[0] = NOW + TRUSTED_FOR
    assert not await attempts.is_trusted("device", user_id="u-1")
