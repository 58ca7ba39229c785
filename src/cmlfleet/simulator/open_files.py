"""The limit of open files: controllers listen, and keep their callers' connections."""

import resource

from cmlfleet.simulator.fleet import SHARED_FROM

_FILES_PER_WORKER = 2  # the listening socket and one kept-alive connection
_FILES_PER_WORKER_SHARED = 1  # a large fleet has one listening socket
_FILES_BESIDE = 512


def allow_files_for(workers: int) -> str | None:
    """Raise the process's limit as far as needed and allowed; what to say when that is not far enough."""
    needed = workers * (_FILES_PER_WORKER if workers < SHARED_FROM else _FILES_PER_WORKER_SHARED) + _FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return None
    wanted_hard = hard if hard == resource.RLIM_INFINITY else max(hard, needed)
    for new_soft, new_hard in ((needed, wanted_hard), (min(needed, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (new_soft, new_hard))
        except (ValueError, OSError):
            continue
        break
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed >= needed:
        return None
    return (
        f"{workers} workers may need {needed} open files, this user may have {allowed}: "
        f"raise the limit (ulimit -n {needed}) or expect refused connections"
    )
