"""The gradient norm of an epoch may be null: it was not finite."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("losses") as table:
        table.alter_column("gradient_norm", existing_type=sa.Float(), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE losses SET gradient_norm = 0 WHERE gradient_norm IS NULL")
    with op.batch_alter_table("losses") as table:
        table.alter_column("gradient_norm", existing_type=sa.Float(), nullable=False)
