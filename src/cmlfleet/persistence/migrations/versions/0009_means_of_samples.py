"""Older samples become means over five minutes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "sample_means",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("at", tables.UTCDateTime(), nullable=False),
        sa.Column("cpu_utilization", sa.Float(), nullable=True),
        sa.Column("memory_utilization", sa.Float(), nullable=True),
        sa.Column("disk_utilization", sa.Float(), nullable=True),
        sa.Column("labs_count", sa.Float(), nullable=True),
        sa.Column("labs_running", sa.Float(), nullable=True),
        sa.Column("nodes_running", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("worker_id", "at", name=op.f("pk_sample_means")),
    )
    op.create_index("ix_sample_means_at", "sample_means", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_sample_means_at", table_name="sample_means")
    op.drop_table("sample_means")
