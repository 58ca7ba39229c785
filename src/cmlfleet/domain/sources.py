"""Where a figure comes from, and what a source said when it was last asked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """The three systems that one record joins."""

    EC2 = "ec2"
    CLOUDWATCH = "cloudwatch"
    CML = "cml"


class Outcome(StrEnum):
    """What came of asking a source."""

    OK = "ok"
    SKIPPED = "skipped"
    NO_DATA = "no_data"
    ERROR = "error"


class SkipReason(StrEnum):
    """Why a source was not asked."""

    NOT_RUNNING = "not_running"
    NO_HTTPS_ENDPOINT = "no_https_endpoint"
    NO_CREDENTIALS = "no_credentials"
    COMPUTE_HOST = "compute_host"
    NOT_DUE = "not_due"


class ErrorCode(StrEnum):
    """Why a source gave no answer; the words of the public interface."""

    THROTTLED = "throttled"
    ACCESS_DENIED = "access_denied"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    CERTIFICATE_CHANGED = "certificate_changed"
    UNAUTHORIZED = "unauthorized"
    NOT_READY = "not_ready"
    BAD_RESPONSE = "bad_response"
    BLOCKED_ADDRESS = "blocked_address"
    MAINTENANCE = "maintenance"
    INTERNAL = "internal"


BOOT_PHASE_CODES = frozenset({ErrorCode.UNREACHABLE, ErrorCode.TIMEOUT, ErrorCode.NOT_READY})
"""What a controller that boots looks like from outside: refused, then hanging, then 502."""


class CMLPart(StrEnum):
    """The parts of one reading of a controller; one may fail without the others."""

    SYSTEM_INFORMATION = "system_information"
    STATISTICS = "statistics"
    HEALTH = "health"
    LABS = "labs"
    LICENCE = "licence"


@dataclass(slots=True, kw_only=True)
class PartStatus:
    """How the last real reading of one part of the CML API went.

    `read_at` is the time of the last good reading and stays through failures.
    """

    outcome: Outcome
    error_code: ErrorCode | None = None
    detail: str | None = None
    read_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class SourceStatus:
    """What a worker's record says of one source.

    `read_at` is the last good reading, `attempted_at` the last attempt of either fate, `failures` the attempts
    in a row that failed, `announced` whether a failure event stands unanswered by a recovery.
    """

    outcome: Outcome | None = None
    reason: str | None = None
    error_code: ErrorCode | None = None
    read_at: datetime | None = None
    attempted_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    announced: bool = False
    next_due_at: datetime | None = None
    period_seconds: int = 60
    parts: dict[CMLPart, PartStatus] = field(default_factory=dict)
