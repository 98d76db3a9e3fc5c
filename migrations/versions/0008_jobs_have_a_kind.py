"""Add jobs.kind; statuses are indexed, and external ids unique, per kind."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # All jobs so far are trainings.
    kind = sa.Column("kind", sa.String(32), nullable=False, server_default="training")
    op.add_column("jobs", kind)
    _create_indexes(["status", "kind", "id"], ["owner", "kind", "external_id"])


def downgrade() -> None:
    others = "SELECT count(*) FROM jobs WHERE kind <> 'training'"
    if op.get_bind().execute(sa.text(others)).scalar_one():
        # The earlier version would run them as trainings.
        msg = "jobs of other kinds than training exist; delete them before the downgrade"
        raise RuntimeError(msg)
    _create_indexes(["status", "id"], ["owner", "external_id"])
    op.drop_column("jobs", "kind")


def _create_indexes(by_status: list[str], by_external_id: list[str]) -> None:
    """Replace two indexes by ones on these columns."""
    op.drop_index("ix_jobs_status", "jobs")
    op.create_index("ix_jobs_status", "jobs", by_status)
    op.drop_index("ix_jobs_owner_external_id", "jobs")
    op.create_index("ix_jobs_owner_external_id", "jobs", by_external_id, unique=True)
