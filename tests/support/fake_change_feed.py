"""A change feed in memory, held to the same contract as the one in Redis (`test_change_feed_contract.py`)."""

import asyncio
from collections.abc import Sequence

from cmlfleet.application.ports.change_feed import FeedEntry, FeedPosition
from cmlfleet.application.ports.cluster import CoordinationUnavailable


class FakeChangeFeed:
    """Implements `ChangeFeed`. While `is_down`, every method raises CoordinationUnavailable."""

    def __init__(self) -> None:
        self.is_down = False
        self._epochs = 0
        self._number = 0
        self._entries: list[tuple[FeedPosition, FeedEntry]] = []
        self._news = asyncio.Event()
        self.lose_everything()

    def lose_everything(self) -> None:
        """As a Redis does that is killed."""
        self._epochs += 1
        self._entries = [(self._next(), FeedEntry())]

    def drop_all_but_the_last(self) -> None:
        """As a stream of limited length does."""
        del self._entries[:-1]

    async def end(self) -> FeedPosition:
        self._reached()
        return self._entries[-1][0]

    async def publish(self, entry: FeedEntry) -> None:
        self._reached()
        self._entries.append((self._next(), entry))
        self._news.set()
        self._news = asyncio.Event()

    async def read(self, after: FeedPosition, *, wait_seconds: float) -> Sequence[tuple[FeedPosition, FeedEntry]]:
        self._reached()
        found = self._behind(after)
        if not found:
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._news.wait()
            except TimeoutError:
                return ()
            self._reached()
            found = self._behind(after)
        return found

    async def since(self, after: FeedPosition) -> Sequence[tuple[FeedPosition, FeedEntry]] | None:
        self._reached()
        if after.epoch != str(self._epochs) or self._entries[0][0] > after:
            return None
        return self._behind(after)

    def _behind(self, after: FeedPosition) -> list[tuple[FeedPosition, FeedEntry]]:
        place = (after.milliseconds, after.number)
        return [found for found in self._entries if (found[0].milliseconds, found[0].number) > place]

    def _next(self) -> FeedPosition:
        self._number += 1
        return FeedPosition(epoch=str(self._epochs), milliseconds=self._number, number=0)

    def _reached(self) -> None:
        if self.is_down:
            raise CoordinationUnavailable("the fake feed is down")
