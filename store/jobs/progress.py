"""Progress reports of workers: what every kind of work reports, and optionally a checkpoint."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from store.jobs.checkpoints import Checkpoint, add_checkpoint
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job


@dataclass(frozen=True)
class JobProgress:
    """Progress of a job; the fields are columns of `jobs`, to which kinds of work add their own.

    Durations are in seconds. The environment is that in which the last step was done; exact says
    whether all steps were done in equal ones.
    """

    steps: int = 0
    preparing_seconds: float = 0.0
    training_seconds: float = 0.0
    saving_seconds: float = 0.0
    environment: dict[str, Any] | None = None
    exact: bool = True


def record_progress(
    session: Session, lease: Lease, progress: JobProgress, checkpoint: Checkpoint | None = None
) -> JobRecord:
    """Store progress and checkpoint together, under the lease. Raises LeaseLostError."""
    job = update_progress(session, lease, progress, has_checkpoint=checkpoint is not None)
    if checkpoint is not None:
        add_checkpoint(session, lease.job_id, checkpoint)
    return job


def update_progress(
    session: Session, lease: Lease, progress: JobProgress, *, has_checkpoint: bool
) -> JobRecord:
    """Store the columns of the progress, and lock the job's row. Raises LeaseLostError.

    A kind of work that also stores rows of its own calls this first, and `add_checkpoint` last.
    """
    values = asdict(progress)
    if has_checkpoint:
        # A checkpoint resets the count: only consecutive worker losses fail a job.
        values["worker_losses"] = 0
    return update_held_job(session, lease, values)
