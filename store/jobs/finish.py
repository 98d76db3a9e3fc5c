"""How a job ends: one transaction with its last losses, its model and its terminal state."""

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
    """How a worker found the job to end."""

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
    """End the job, once and for all, under the lease. Raises LeaseLostError.

    Survives a cancel in the same moment: the row is locked first, and a cancel that was already
    answered wins over success.
    """
    if progress is None:
        job = update_held_job(session, lease)
    else:
        job = record_progress(session, lease, progress, new_losses)
    status, reason = outcome.status, outcome.reason
    if job.status is JobStatus.CANCELLING:
        status, reason = JobStatus.CANCELLED, StatusReason.USER
    model = outcome.model
    model_id = None if model is None else add_model(session, job.lineage, job.spec, model)
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
