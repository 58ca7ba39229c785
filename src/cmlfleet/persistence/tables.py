"""The tables. A worker's record is one document, beside columns for what one may filter and sort by."""

# pyright: reportUnknownArgumentType=false
# SQLAlchemy leaves the type of a column open until its type argument is an instance.

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC on both sides: SQLite drops a zone without converting, PostgreSQL keeps it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Converts to UTC. The processor raises ValueError for a naive time."""
        return _as_sqlite_text if dialect.name == "sqlite" else _as_utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Attaches UTC where the database dropped it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _as_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError(f"a naive time must not be stored: {value}")
    return value.astimezone(UTC)


def _as_sqlite_text(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it, which text sorts by time; a third of the price, several times in each row."""
    utc = _as_utc(value)
    return None if utc is None else utc.isoformat(" ", "microseconds")[:_TO_THE_MICROSECOND]


_TO_THE_MICROSECOND = len("2026-01-31 12:00:00.000000")


class PlainText(TypeDecorator[str]):
    """Text to look things up by. PostgreSQL has no NUL in text, but tags, controllers and queries may bring one."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Replaces NUL by the replacement character on both databases, so that both answer alike."""
        return _without_nul


def _without_nul(value: str | None) -> str | None:
    return value.replace("\0", "\ufffd") if value is not None and "\0" in value else value


workers = Table(
    "workers",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("account_id", PlainText, nullable=False),
    Column("region", PlainText, nullable=False),
    Column("instance_id", PlainText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("search", PlainText, nullable=False),
    Column("labels_index", PlainText, nullable=False),
    Column("name", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("health", PlainText, nullable=False),
    Column("role", PlainText, nullable=False),
    Column("instance_type", PlainText),
    Column("cml_version", PlainText),
    Column("public_ip", PlainText),
    Column("private_ip", PlainText),
    Column("cost_per_hour_usd", Float),
    Column("cpu_utilization", Float),
    Column("memory_utilization", Float),
    Column("disk_utilization", Float),
    Column("labs_count", Integer),
    Column("labs_running", Integer),
    Column("nodes_running", Integer),
    Column("nodes_limit", Integer),
    Column("scheduled_events", Integer, nullable=False),
    Column("certificate", PlainText),
    Column("certificate_shared_with", Integer, nullable=False, server_default="0"),
    Column("cml_ready", Boolean),
    Column("maintenance_mode", Boolean),
    Column("monitoring_active", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("launched_at", UTCDateTime),
    Column("metrics_at", UTCDateTime),
    Column("ready_since", UTCDateTime),
    Column("nodes_idle_since", UTCDateTime),
    Column("license_expires_at", UTCDateTime),
    Column("last_cml_api_sync_at", UTCDateTime),
    Column("last_refreshed_at", UTCDateTime),
    Column("gone_at", UTCDateTime),
    UniqueConstraint("account_id", "region", "instance_id"),
)
Index("ix_workers_name", workers.c.name, workers.c.id).ddl_if(dialect="postgresql")
Index(
    "ix_workers_listed",
    workers.c.name,
    workers.c.id,
    workers.c.gone_at,
    workers.c.search,
    workers.c.labels_index,
    workers.c.account_id,
    workers.c.region,
    workers.c.status,
    workers.c.health,
).ddl_if(dialect="sqlite")
"""All that is searched by its words, in the usual order: SQLite reads a tenth of what the table would be. PostgreSQL
keeps documents apart from their rows by itself, and refuses entries of an index as long as a note may be."""
Index("ix_workers_certificate", workers.c.certificate, workers.c.certificate_shared_with, workers.c.gone_at)

events = Table(
    "events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("event_id", PlainText, nullable=False, unique=True),
    Column("type", PlainText, nullable=False),
    Column("worker_id", PlainText, nullable=False),
    Column("occurred_at", UTCDateTime, nullable=False),
    Column("actor", PlainText, nullable=False),
    Column("cause", PlainText, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_events_worker_id", events.c.worker_id, events.c.sequence)

outbox = Table("outbox", metadata, Column("sequence", Integer, primary_key=True, autoincrement=False))


def _history(name: str) -> Table:
    """Figures of workers over time."""
    table = Table(
        name,
        metadata,
        Column("worker_id", PlainText, primary_key=True),
        Column("at", UTCDateTime, primary_key=True),
        Column("cpu_utilization", Float),
        Column("memory_utilization", Float),
        Column("disk_utilization", Float),
        Column("labs_count", Float),
        Column("labs_running", Float),
        Column("nodes_running", Float),
    )
    Index(f"ix_{name}_at", table.c.at)
    return table


samples = _history("samples")
sample_means = _history("sample_means")
"""What became of older samples: means over five minutes, by the moment in which those begin."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("account_id", PlainText, primary_key=True),
    Column("region", PlainText, primary_key=True),
    Column("instance_id", PlainText, primary_key=True),
    Column("forgotten_at", UTCDateTime, nullable=False),
)

forgotten_workers = Table(
    "forgotten_workers",
    metadata,
    Column("worker_id", PlainText, primary_key=True),
    Column("account_id", PlainText, nullable=False),
    Column("labels_index", PlainText, nullable=False),
    Column("forgotten_at", UTCDateTime, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("worker_id", PlainText, primary_key=True),
    Column("key_id", PlainText, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

key_in_force = Table(
    "key_in_force",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key_id", PlainText, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("at", UTCDateTime, nullable=False),
    Column("actor", PlainText, nullable=False),
    Column("action", PlainText, nullable=False),
    Column("worker_id", PlainText),
    Column("result", PlainText, nullable=False),
    Column("document", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_audit_at", audit.c.at)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", PlainText, primary_key=True),
    Column("token_hash", PlainText, nullable=False, unique=True),
    Column("name", PlainText, nullable=False),
    Column("role", PlainText, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("last_used_at", UTCDateTime),
    Column("team_limit", LargeBinary),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", PlainText, primary_key=True),
    Column("holder", PlainText, nullable=False, index=True),
    Column("identity", LargeBinary),
    Column("created_at", UTCDateTime, nullable=False),
    Column("last_used_at", UTCDateTime, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("folded_name", PlainText, nullable=False, unique=True),
    Column("role", PlainText, nullable=False),
    Column("team_limit", LargeBinary),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("last_signed_in_at", UTCDateTime),
    Column("password_hash", PlainText, nullable=False),
)

set_up_code = Table(
    "set_up_code",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("code_hash", PlainText, nullable=False),
)

openid_attempts = Table(
    "openid_attempts",
    metadata,
    Column("state_hash", PlainText, primary_key=True),
    Column("begun_at", UTCDateTime, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("level", Float, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("owner", PlainText),
    Column("token", PlainText),
    Column("heartbeat_at", UTCDateTime),
)

installation = Table(
    "installation",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("fence", BigInteger, nullable=False),
)
