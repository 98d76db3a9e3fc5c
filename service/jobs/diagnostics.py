"""Diagnostics of a training: statistics of its layers per epoch, findings of the rules."""

from service.context import Context
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.losses import LossPage, list_losses
from store.statuses import TRAINING


def read_diagnostics(
    context: Context, job_id: str, after: int, limit: int
) -> tuple[JobRecord, LossPage]:
    """Return a job and a page of its epochs after `after`. Raises NotFoundError."""
    with context.database.reading() as session:
        job = get_job(session, job_id, TRAINING)
        return job, list_losses(session, job_id, after, limit)
