"""Who did, or tried, what."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry, AuditTrail
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.criteria import Page

EXPORTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ListAuditQuery(Message[Page[AuditEntry]]):
    """A page, newest first."""

    criteria: AuditCriteria = field(default_factory=AuditCriteria)


@dataclass(frozen=True, slots=True)
class ExportAuditQuery(Message[AsyncIterator[AuditEntry]]):
    """All that match, newest first; the criteria's limit and cursor do not count."""

    criteria: AuditCriteria = field(default_factory=AuditCriteria)


class ListAuditQueryHandler:
    """Raises InvalidCriteria and StorageUnavailable."""

    def __init__(self, *, trail: AuditTrail) -> None:
        self._trail = trail

    async def handle_async(self, message: ListAuditQuery, principal: Principal) -> Page[AuditEntry]:
        """One page."""
        return await self._trail.find(message.criteria)


class ExportAuditQueryHandler:
    """Raises InvalidCriteria and StorageUnavailable."""

    def __init__(self, *, trail: AuditTrail) -> None:
        self._trail = trail

    async def handle_async(self, message: ExportAuditQuery, principal: Principal) -> AsyncIterator[AuditEntry]:
        """The first page is read before the answer begins, so that what is wrong is said in time."""
        criteria = replace(message.criteria, limit=EXPORTED_AT_ONCE, cursor=None)
        return self._rest(criteria, await self._trail.find(criteria))

    async def _rest(self, criteria: AuditCriteria, page: Page[AuditEntry]) -> AsyncIterator[AuditEntry]:
        while True:
            for entry in page.items:
                yield entry
            if page.next_cursor is None:
                return
            page = await self._trail.find(replace(criteria, cursor=page.next_cursor))
