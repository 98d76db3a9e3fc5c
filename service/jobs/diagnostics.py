"""Diagnostics of a training: statistics of its layers per epoch, findings of the rules."""

from collections.abc import Sequence

from service.context import Context
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.losses import LossRecord, list_losses
from store.statuses import TRAINING


def read_diagnostics(
    context: Context, job_id: str, after: int, limit: int
) -> tuple[JobRecord, Sequence[LossRecord], bool]:
    """Return a job, its epochs after `after`, and whether more follow. Raises NotFoundError."""
    with context.database.reading() as session:
        job = get_job(session, job_id, TRAINING)
        epochs, more = list_losses(session, job_id, after, limit)
    return job, epochs, more
