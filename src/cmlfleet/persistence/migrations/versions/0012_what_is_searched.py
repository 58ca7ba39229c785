"""SQLite searches workers in an index that holds the words; PostgreSQL's rows are narrow by themselves."""

from collections.abc import Sequence

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SEARCHED = ["name", "id", "gone_at", "search", "labels_index", "account_id", "region", "status", "health"]


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.create_index("ix_workers_listed", "workers", _SEARCHED)
        op.drop_index("ix_workers_name", table_name="workers")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.create_index("ix_workers_name", "workers", ["name", "id"])
        op.drop_index("ix_workers_listed", table_name="workers")
