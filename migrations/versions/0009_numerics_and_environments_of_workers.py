"""Models record the version of their bits, and workers their environment."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("models", sa.Column("numerics", sa.Integer()))
    # Trained models that exist are of the first version; imported ones have none.
    op.execute("UPDATE models SET numerics = 1 WHERE job_id IS NOT NULL")
    op.add_column("workers", sa.Column("environment", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("workers", "environment")
    op.drop_column("models", "numerics")
