"""Structured lines on standard error: JSON for machines, plain for a person at a terminal."""

import logging
import sys
from typing import Any

import orjson
import structlog


def configure_logs(*, terminal: bool | None = None, least: int = logging.INFO) -> None:
    """All libraries' lines go the same way as ours."""
    terminal = sys.stderr.isatty() if terminal is None else terminal
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Never with local variables: there are passwords among them.
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(serializer=_as_json)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=max(least, logging.WARNING), handlers=[handler], force=True)
    # It says at each interval that a job still runs; `RecurrentJobs` says so once.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


def _as_json(entry: Any, **_options: Any) -> str:
    return orjson.dumps(entry, default=str).decode()
