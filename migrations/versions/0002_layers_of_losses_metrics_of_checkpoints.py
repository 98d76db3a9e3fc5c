"""Add per-layer statistics to losses and metrics to checkpoints."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.add_column("losses", sa.Column("layers", json, nullable=False, server_default="[]"))
    op.add_column("checkpoints", sa.Column("metrics", json, nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("checkpoints") as table:
        table.drop_column("metrics")
    with op.batch_alter_table("losses") as table:
        table.drop_column("layers")
