"""Rename jobs.rung_at to dispatched_at."""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Both databases rename in place; Alembic's batch mode would copy the table on SQLite.
    op.execute("ALTER TABLE jobs RENAME COLUMN rung_at TO dispatched_at")


def downgrade() -> None:
    op.execute("ALTER TABLE jobs RENAME COLUMN dispatched_at TO rung_at")
