"""Several processes share the database: what the installation is called, fencing numbers, who runs an operation."""

from collections.abc import Sequence
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    installation = op.create_table(
        "installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.bulk_insert(installation, [{"name": uuid4().hex[:12], "fence": 0}])
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("token", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("heartbeat_at", tables.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_column("heartbeat_at")
        batch_op.drop_column("token")
        batch_op.drop_column("owner")

    op.drop_table("installation")
