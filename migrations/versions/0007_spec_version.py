"""Add spec_version to jobs, models, checkpoints and datasets: the version of their stored values."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = ("jobs", "models", "checkpoints", "datasets")


def upgrade() -> None:
    for table in _TABLES:
        column = sa.Column("spec_version", sa.Integer, nullable=False, server_default="1")
        op.add_column(table, column)


def downgrade() -> None:
    # Both databases drop in place; Alembic's batch mode would copy the table on SQLite.
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN spec_version")
