"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", tables.UTCDateTime(), nullable=False),
        sa.Column("expires_at", tables.UTCDateTime(), nullable=True),
        sa.Column("last_used_at", tables.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "credentials",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "events",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", tables.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_worker_id", ["worker_id", "sequence"], unique=False)

    op.create_table(
        "operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", tables.UTCDateTime(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_outbox")),
    )
    op.create_table(
        "samples",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("at", tables.UTCDateTime(), nullable=False),
        sa.Column("cpu_utilization", sa.Float(), nullable=True),
        sa.Column("memory_utilization", sa.Float(), nullable=True),
        sa.Column("disk_utilization", sa.Float(), nullable=True),
        sa.Column("labs_count", sa.Float(), nullable=True),
        sa.Column("labs_running", sa.Float(), nullable=True),
        sa.Column("nodes_running", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("worker_id", "at", name=op.f("pk_samples")),
    )
    with op.batch_alter_table("samples", schema=None) as batch_op:
        batch_op.create_index("ix_samples_at", ["at"], unique=False)

    op.create_table(
        "tombstones",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("forgotten_at", tables.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "instance_id", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("labels_index", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("instance_type", sa.Text(), nullable=True),
        sa.Column("cml_version", sa.Text(), nullable=True),
        sa.Column("public_ip", sa.Text(), nullable=True),
        sa.Column("private_ip", sa.Text(), nullable=True),
        sa.Column("cost_per_hour_usd", sa.Float(), nullable=True),
        sa.Column("cpu_utilization", sa.Float(), nullable=True),
        sa.Column("memory_utilization", sa.Float(), nullable=True),
        sa.Column("disk_utilization", sa.Float(), nullable=True),
        sa.Column("labs_count", sa.Integer(), nullable=True),
        sa.Column("labs_running", sa.Integer(), nullable=True),
        sa.Column("nodes_running", sa.Integer(), nullable=True),
        sa.Column("nodes_limit", sa.Integer(), nullable=True),
        sa.Column("scheduled_events", sa.Integer(), nullable=False),
        sa.Column("cml_ready", sa.Boolean(), nullable=True),
        sa.Column("maintenance_mode", sa.Boolean(), nullable=True),
        sa.Column("monitoring_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", tables.UTCDateTime(), nullable=False),
        sa.Column("launched_at", tables.UTCDateTime(), nullable=True),
        sa.Column("metrics_at", tables.UTCDateTime(), nullable=True),
        sa.Column("ready_since", tables.UTCDateTime(), nullable=True),
        sa.Column("nodes_idle_since", tables.UTCDateTime(), nullable=True),
        sa.Column("last_cml_api_sync_at", tables.UTCDateTime(), nullable=True),
        sa.Column("last_refreshed_at", tables.UTCDateTime(), nullable=True),
        sa.Column("gone_at", tables.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("account_id", "region", "instance_id", name=op.f("uq_workers_account_id")),
    )
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.create_index("ix_workers_name", ["name", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_index("ix_workers_name")

    op.drop_table("workers")
    op.drop_table("tombstones")
    with op.batch_alter_table("samples", schema=None) as batch_op:
        batch_op.drop_index("ix_samples_at")

    op.drop_table("samples")
    op.drop_table("outbox")
    op.drop_table("operations")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_worker_id")

    op.drop_table("events")
    op.drop_table("credentials")
    op.drop_table("api_tokens")
