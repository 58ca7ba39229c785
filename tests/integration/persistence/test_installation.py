"""Fencing numbers grow whoever draws them; an installation keeps its name."""

import asyncio

from cmlfleet.persistence.storage import Storage


async def test_numbers_only_grow_whoever_draws_them(storage: Storage, other: Storage) -> None:
    drawn = await asyncio.gather(*(each.installation.next_fence() for each in (storage, other) * 10))
    assert sorted(drawn) == list(range(1, 21))


async def test_an_installation_has_a_name_that_stays(storage: Storage, other: Storage) -> None:
    name = await storage.installation.name()
    assert len(name) == 12
    assert await other.installation.name() == name
