"""At most one leads at a time, each with a greater number; who cannot know that it leads, does not."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from tests.support.waiting import until

from cmlfleet.application.ports.cluster import CoordinationUnavailable, Term
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.scheduling import leadership
from cmlfleet.scheduling.leadership import Leadership


class FakeLease:
    """Implements `LeaderLease`; lapses only when a test takes it away."""

    lease_seconds = 0.2

    def __init__(self) -> None:
        self.holder: str | None = None
        self.is_down = False
        self.renewals = 0

    async def acquire(self, token: str) -> bool:
        self._reached()
        if self.holder is None:
            self.holder = token
        return self.holder == token

    async def renew(self, token: str) -> bool:
        self._reached()
        self.renewals += 1
        return self.holder == token

    async def release(self, token: str) -> None:
        self._reached()
        if self.holder == token:
            self.holder = None

    def _reached(self) -> None:
        if self.is_down:
            raise CoordinationUnavailable("the fake Redis is down")


class FakeFences:
    """Implements `Fences`."""

    def __init__(self) -> None:
        self.last = 0
        self.is_down = False

    async def next_fence(self) -> int:
        if self.is_down:
            raise StorageUnavailable("the fake database is down")
        self.last += 1
        return self.last


class Scene:
    def __init__(self) -> None:
        self.lease = FakeLease()
        self.fences = FakeFences()
        self.terms: list[Term] = []
        self.leading: list[str] = []
        self.break_down: Exception | None = None
        self.campaigns: list[Leadership] = []

    def campaign(self, name: str) -> Leadership:
        async def lead(term: Term) -> None:
            self.terms.append(term)
            self.leading.append(name)
            try:
                if self.break_down is not None:
                    raise self.break_down
                await asyncio.Event().wait()
            finally:
                self.leading.remove(name)

        campaign = Leadership(lease=self.lease, fences=self.fences, process_id=name, lead=lead)
        self.campaigns.append(campaign)
        campaign.start()
        return campaign

    async def until_leads(self, name: str) -> None:
        await until(lambda: self.leading == [name], what=f"{name} to lead alone")


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(leadership, "CAMPAIGN_EVERY_SECONDS", 0.01)
    scene = Scene()
    yield scene
    for campaign in scene.campaigns:
        await campaign.close()
    assert scene.leading == []


async def test_the_first_leads_and_renews_and_the_second_waits(scene: Scene) -> None:
    scene.campaign("one")
    await scene.until_leads("one")
    scene.campaign("two")
    await until(lambda: scene.lease.renewals > 3, what="renewals")
    assert scene.leading == ["one"]
    assert scene.lease.holder is not None
    assert scene.lease.holder.startswith("one:")


async def test_who_stops_hands_over_at_once_with_a_greater_number(scene: Scene) -> None:
    one = scene.campaign("one")
    await scene.until_leads("one")
    scene.campaign("two")
    await one.close()
    await scene.until_leads("two")
    first, second = scene.terms
    assert second.fence > first.fence
    assert second.token != first.token


async def test_who_lost_the_lease_stops_and_comes_back_only_with_a_new_number(scene: Scene) -> None:
    scene.campaign("one")
    await scene.until_leads("one")
    scene.lease.holder = "another:token"
    await until(lambda: not scene.leading, what="the end of the term")
    assert scene.lease.holder == "another:token"
    scene.lease.holder = None
    await scene.until_leads("one")
    assert [term.fence for term in scene.terms] == [1, 2]


async def test_who_is_refused_stops_without_waiting_for_the_next_renewal(scene: Scene) -> None:
    scene.lease.lease_seconds = 3600
    one = scene.campaign("one")
    await scene.until_leads("one")
    one.refused()
    await until(lambda: len(scene.terms) == 2, what="a new term")


async def test_who_cannot_ask_stops_when_the_lease_may_have_lapsed(scene: Scene) -> None:
    scene.campaign("one")
    await scene.until_leads("one")
    scene.lease.is_down = True
    await until(lambda: not scene.leading, what="the end of the term")
    scene.lease.is_down, scene.lease.holder = False, None
    await scene.until_leads("one")


async def test_without_a_database_nobody_leads_and_nobody_keeps_the_lease(scene: Scene) -> None:
    scene.fences.is_down = True
    scene.campaign("one")
    await until(lambda: scene.lease.renewals == 0 and scene.lease.holder is None, what="a free lease")
    assert scene.terms == []
    scene.fences.is_down = False
    await scene.until_leads("one")


@pytest.mark.parametrize("error", [StorageUnavailable("no"), ZeroDivisionError()])
async def test_a_term_that_breaks_is_followed_by_another(scene: Scene, error: Exception) -> None:
    scene.break_down = error
    scene.campaign("one")
    await until(lambda: len(scene.terms) > 1, what="another term")
    scene.break_down = None
    await scene.until_leads("one")
