"""Writing one entry into the audit trail."""

from collections.abc import Callable

import msgspec
import structlog

from cmlfleet.application.ports.audit import AuditEntry, AuditTrail
from cmlfleet.application.ports.storage import StorageUnavailable

logger = structlog.get_logger(__name__)


async def add_entry(trail: AuditTrail, entry: AuditEntry, *, observe_failure: Callable[[], None]) -> None:
    """Raises StorageUnavailable, after it said so where operators look."""
    try:
        await trail.add(entry)
    except StorageUnavailable as error:
        observe_failure()
        written = msgspec.json.encode(entry).decode()
        logger.error("audit_not_written", entry=written, error=str(error))  # noqa: TRY400 - a traceback says no more
        raise
