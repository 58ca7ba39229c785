"""Team limits of tokens, and where forgotten workers belonged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("team_limit", sa.LargeBinary(), nullable=True))
    op.create_table(
        "forgotten_workers",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("labels_index", sa.Text(), nullable=False),
        sa.Column("forgotten_at", tables.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_forgotten_workers")),
    )


def downgrade() -> None:
    op.drop_table("forgotten_workers")
    op.drop_column("api_tokens", "team_limit")
