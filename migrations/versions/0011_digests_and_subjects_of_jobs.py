"""Jobs have a digest, a result, a required environment, and a question about another job."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HAS_SUBJECT = sa.text("subject_id IS NOT NULL")


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.add_column("jobs", sa.Column("digest", json))
    op.add_column("jobs", sa.Column("subject_id", sa.String(64)))
    op.add_column("jobs", sa.Column("question", json))
    op.add_column("jobs", sa.Column("required_environment", sa.String(64)))
    op.add_column("jobs", sa.Column("result", json))
    op.create_index(
        "ix_jobs_subject_id",
        "jobs",
        ["subject_id", "kind", "id"],
        sqlite_where=HAS_SUBJECT,
        postgresql_where=HAS_SUBJECT,
    )


def downgrade() -> None:
    others = "SELECT count(*) FROM jobs WHERE subject_id IS NOT NULL"
    if op.get_bind().execute(sa.text(others)).scalar_one():
        # Without their subject they cannot be worked on, nor read.
        msg = "jobs about other jobs (explanations, replays) exist; delete them first"
        raise RuntimeError(msg)
    op.drop_index("ix_jobs_subject_id", "jobs")
    for name in ("result", "required_environment", "question", "subject_id", "digest"):
        op.drop_column("jobs", name)
