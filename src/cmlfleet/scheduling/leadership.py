"""One process leads: it alone decides when groups are refreshed."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog

from cmlfleet.application.ports.cluster import CoordinationUnavailable, Fences, LeaderLease, Term
from cmlfleet.application.ports.storage import StorageUnavailable

CAMPAIGN_EVERY_SECONDS = 1.0
RENEWALS_A_LEASE = 4  # three may fail in a row

logger = structlog.get_logger(__name__)

Lead = Callable[[Term], Awaitable[None]]
"""Leads until it is cancelled; when it ends by itself, with or without an exception, somebody else may."""


class Leadership:
    """Campaigns for the lease and leads while it holds.

    The lease alone is no proof: a process that was stopped or cut off learns too late that it has lapsed. So whatever
    must happen once only is done by Redis, in one step that checks token and fencing number.
    """

    def __init__(self, *, lease: LeaderLease, fences: Fences, process_id: str, lead: Lead) -> None:
        self._lease = lease
        self._fences = fences
        self._process_id = process_id
        self._lead = lead
        self._task: asyncio.Task[None] | None = None
        self._refused = asyncio.Event()
        self._is_silent = False

    def start(self) -> None:
        """Campaign from now on."""
        self._task = asyncio.ensure_future(self._run())

    def refused(self) -> None:
        """Redis refused something to the present term: it is over."""
        self._refused.set()

    async def close(self) -> None:
        """Stop leading, and give the lease back so that the next one need not wait for it to lapse."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            token, asked_at = f"{self._process_id}:{uuid4().hex}", time.monotonic()
            try:
                if await self._lease.acquire(token):
                    await self._hold(token, asked_at)
                self._is_silent = False
            except (CoordinationUnavailable, StorageUnavailable) as error:
                if not self._is_silent:
                    logger.warning("cannot_lead", error=str(error))
                self._is_silent = True
            except Exception:
                logger.exception("leading_broke")
            await asyncio.sleep(CAMPAIGN_EVERY_SECONDS)

    async def _hold(self, token: str, asked_at: float) -> None:
        self._refused.clear()
        renewing = asyncio.ensure_future(self._renew(token, asked_at))
        leading = asyncio.ensure_future(self._lead_in_a_term(token))
        try:
            await asyncio.wait({renewing, leading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leading.cancel()
            (outcome,) = await asyncio.gather(leading, return_exceptions=True)
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            with contextlib.suppress(CoordinationUnavailable):
                await self._lease.release(token)
        if isinstance(outcome, Exception):
            raise outcome

    async def _lead_in_a_term(self, token: str) -> None:
        term = Term(token=token, fence=await self._fences.next_fence())
        logger.info("leading", fence=term.fence)
        try:
            await self._lead(term)
        finally:
            logger.info("leading_no_more", fence=term.fence)

    async def _renew(self, token: str, asked_at: float) -> None:
        """Ends when the lease is lost, or may have lapsed without our knowing."""
        lapses_at = asked_at + self._lease.lease_seconds
        while time.monotonic() < lapses_at:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease.lease_seconds / RENEWALS_A_LEASE):
                    await self._refused.wait()
                return
            asked_at = time.monotonic()
            with contextlib.suppress(CoordinationUnavailable):
                if not await self._lease.renew(token):
                    return
                lapses_at = asked_at + self._lease.lease_seconds
