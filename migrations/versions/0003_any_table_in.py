"""Add dataset read options and blob locations, resumable uploads, cross-validation."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from store.db.clock import Instant

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_JSON = sa.JSON(none_as_null=True)


def _of_datasets() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("format", sa.String(16), nullable=False, server_default="csv"),
        sa.Column("options", _JSON, nullable=False, server_default="{}"),
        sa.Column("notices", _JSON, nullable=False, server_default="[]"),
        sa.Column("blob", sa.String(128), nullable=False, server_default=""),
        sa.Column("blob_sha256", sa.String(64), nullable=False, server_default=""),
        sa.Column("fingerprint", sa.String(64), nullable=False, server_default=""),
    )


def _of_jobs() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("validation_dataset_id", sa.String(64)),
        sa.Column("folds_done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cross_validation", _JSON),
    )


def upgrade() -> None:
    for column in _of_datasets():
        op.add_column("datasets", column)
    op.execute("UPDATE datasets SET blob = 'datasets/' || id || '.arrow'")
    op.create_index("ix_datasets_fingerprint", "datasets", ["fingerprint"])
    for column in _of_jobs():
        op.add_column("jobs", column)
    op.create_index("ix_jobs_validation_dataset_id", "jobs", ["validation_dataset_id"])
    op.add_column("models", sa.Column("cross_validation", _JSON))
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("metadata", _JSON, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("blob", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "offset", name="pk_upload_parts"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], ondelete="CASCADE", name="fk_upload_parts_upload_id"
        ),
    )


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_table("uploads")
    with op.batch_alter_table("models") as table:
        table.drop_column("cross_validation")
    with op.batch_alter_table("jobs") as table:
        table.drop_index("ix_jobs_validation_dataset_id")
        for column in _of_jobs():
            table.drop_column(column.name)
    with op.batch_alter_table("datasets") as table:
        table.drop_index("ix_datasets_fingerprint")
        for column in _of_datasets():
            table.drop_column(column.name)
