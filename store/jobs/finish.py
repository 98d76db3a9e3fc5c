"""End of a job: last losses, model and terminal status in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from store.db.clock import now
from store.jobs.events import EventLevel, add_event
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.progress import JobProgress, LossRecord, record_progress
from store.jobs.transitions import add_transition
from store.models import NewModel, add_model
from store.statuses import JobStatus, StatusReason


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job, as reported by its worker."""

    status: Literal[JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED]
    reason: StatusReason
    model: NewModel | None = None
    error: dict[str, Any] | None = None


def finish_job(
    session: Session,
    lease: Lease,
    outcome: Outcome,
    progress: JobProgress | None = None,
    new_losses: Sequence[LossRecord] = (),
) -> JobRecord:
    """Put the job into its terminal status, under the lease. Raises LeaseLostError.

    Safe against a concurrent cancel: the row is locked first, and a cancel that was already
    confirmed to the client takes precedence over success.
    """
    if progress is None:
        job = update_held_job(session, lease)
    else:
        job = record_progress(session, lease, progress, new_losses)
    status, reason = outcome.status, outcome.reason
    if job.status is JobStatus.CANCELLING:
        status, reason = JobStatus.CANCELLED, StatusReason.USER
    model = outcome.model
    model_id = None if model is None else add_model(session, job.lineage, job.upgraded_spec, model)
    ended = update_held_job(
        session,
        lease,
        {
            "status": status,
            "status_reason": reason,
            "finished_at": now(),
            "lease_expires_at": None,
            "stalled_at": None,
            "model_id": model_id,
            "error": outcome.error,
        },
    )
    add_transition(session, job.id, status, reason)
    level: EventLevel = "error" if status is JobStatus.FAILED else "info"
    data = {"reason": str(reason), "model_id": ended.model_id, **(outcome.error or {})}
    if reason is StatusReason.DIVERGED:
        add_event(session, job.id, "diverged", data, level)
    add_event(session, job.id, str(status), data, level)
    return ended
