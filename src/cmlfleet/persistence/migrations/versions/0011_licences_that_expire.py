"""When a worker's licence expires, to filter and sort by; the column is filled as the workers are saved."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("license_expires_at", tables.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "license_expires_at")
