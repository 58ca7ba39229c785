"""What finds workers that present one certificate; the columns are filled as the workers are saved."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("workers") as table:
        table.add_column(sa.Column("certificate", sa.Text(), nullable=True))
        table.add_column(sa.Column("certificate_shared_with", sa.Integer(), server_default="0", nullable=False))
        table.create_index("ix_workers_certificate", ["certificate", "certificate_shared_with", "gone_at"])


def downgrade() -> None:
    with op.batch_alter_table("workers") as table:
        table.drop_index("ix_workers_certificate")
        table.drop_column("certificate_shared_with")
        table.drop_column("certificate")
