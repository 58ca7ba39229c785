"""Why nothing is known of a part of the CML API."""

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.sources import CMLPart, Source

NEVER_READ = "never_read"


def why_unread(state: CMLWorkerState, part: CMLPart) -> str:
    """The error of the part, else that of the source or why it is not asked, else `never_read`."""
    source = state.sources[Source.CML]
    read = source.parts.get(part)
    if read is not None and read.error_code is not None:
        return read.error_code.value
    if source.error_code is not None:
        return source.error_code.value
    return source.reason or NEVER_READ
