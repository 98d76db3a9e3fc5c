"""Jobs keep their findings, classes, numbers of rows, and metrics of the test rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAMES = ("findings", "classes", "rows", "test_metrics")


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.add_column("jobs", sa.Column("findings", json, nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("classes", json))
    op.add_column("jobs", sa.Column("rows", json))
    op.add_column("jobs", sa.Column("test_metrics", json))


def downgrade() -> None:
    for name in NAMES:
        op.drop_column("jobs", name)
