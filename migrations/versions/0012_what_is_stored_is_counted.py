"""Stored bytes are counted per owner, datasets know the size of their blob, databases have an id."""

from collections.abc import Sequence
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    size = sa.Column("blob_bytes", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("datasets", size)
    # The size of their column files was not recorded; that of what was uploaded is.
    op.execute("UPDATE datasets SET blob_bytes = bytes")
    op.create_table(
        "stored_bytes",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("datasets", sa.BigInteger(), nullable=False),
        sa.Column("uploads", sa.BigInteger(), nullable=False),
        sa.Column("weights", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_stored_bytes"),
    )
    instance = op.create_table(
        "instance",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("swept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.bulk_insert(instance, [{"id": str(uuid4()), "swept_at": 0}])


def downgrade() -> None:
    op.drop_table("instance")
    op.drop_table("stored_bytes")
    op.drop_column("datasets", "blob_bytes")
