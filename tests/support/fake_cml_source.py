"""A CML source without controllers: it says what a test tells it to say."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from cmlfleet.application.ports.sources import CMLTarget
from cmlfleet.domain.facts import CMLFact, CMLReadingPlan, CMLStatistics, CMLSystemInformation
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus


def good_cml_fact(*, version: str = "2.9.1+build.7", ready: bool = True, read_at: datetime | None = None) -> CMLFact:
    """A quiet controller without labs, read in a background reading."""
    at = read_at or datetime.now(UTC)
    read = (CMLPart.SYSTEM_INFORMATION, CMLPart.STATISTICS, CMLPart.LABS)
    return CMLFact(
        read_at=at,
        parts={part: PartStatus(outcome=Outcome.OK, read_at=at) for part in read},
        certificate="ab" * 32,
        is_admin=True,
        system_information=CMLSystemInformation(
            version=version, ready=ready, raw={"version": version, "ready": ready}
        ),
        statistics=CMLStatistics(
            cpu_percent=5.0,
            memory_percent=20.0,
            disk_percent=40.0,
            running_nodes=0,
            total_nodes=0,
            computes=(),
        ),
        lab_ids=frozenset(),
    )


def failed_cml_fact(code: ErrorCode, *, read_at: datetime | None = None) -> CMLFact:
    """A controller of which nothing could be read."""
    parts = (CMLPart.SYSTEM_INFORMATION, CMLPart.STATISTICS, CMLPart.LABS)
    return CMLFact(
        read_at=read_at or datetime.now(UTC),
        parts={part: PartStatus(outcome=Outcome.ERROR, error_code=code, detail=code.value) for part in parts},
        error_code=code,
        detail=f"the fake says {code.value}",
    )


class FakeCMLSource:
    """Implements `CMLSource`.

    `facts` holds the answer of each worker, or what makes it; others get a good one. While `gate` is set, readings
    wait for it. `readings` and `forgotten` tell what was asked.
    """

    def __init__(self) -> None:
        self.facts: dict[WorkerId, CMLFact | Callable[[CMLTarget, CMLReadingPlan], CMLFact]] = {}
        self.gate: asyncio.Event | None = None
        self.readings: list[tuple[CMLTarget, CMLReadingPlan]] = []
        self.forgotten: list[WorkerId] = []

    async def read(self, target: CMLTarget, plan: CMLReadingPlan) -> CMLFact:
        self.readings.append((target, plan))
        if self.gate is not None:
            await self.gate.wait()
        said = self.facts.get(target.worker_id)
        if said is None:
            return good_cml_fact()
        return said if isinstance(said, CMLFact) else said(target, plan)

    async def forget(self, worker_id: WorkerId) -> None:
        self.forgotten.append(worker_id)
