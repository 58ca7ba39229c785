"""Sign-ins at an OpenID provider that are under way."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from cmlfleet.persistence import tables

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "openid_attempts",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("begun_at", tables.UTCDateTime(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_openid_attempts")),
    )


def downgrade() -> None:
    op.drop_table("openid_attempts")
