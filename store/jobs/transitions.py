"""The states that a job has been in, each with its time and its cause."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.tables import transitions
from store.statuses import JobStatus, StatusReason


@dataclass(frozen=True)
class TransitionRecord:
    """A state, why, and since when."""

    status: JobStatus
    reason: StatusReason | None
    at: datetime


# Made once: to build them costs more than to run them.
_ADD = insert(transitions).values(at=now())
_OF_JOBS = (
    select(transitions.c.job_id, transitions.c.status, transitions.c.reason, transitions.c.at)
    .where(transitions.c.job_id.in_(bindparam("job_ids", expanding=True)))
    .order_by(transitions.c.id)
)


def add_transition(
    session: Session, job_id: str, status: JobStatus, reason: StatusReason | None = None
) -> None:
    """Note that the job is in this state from now on."""
    session.execute(_ADD, {"job_id": job_id, "status": status, "reason": reason})


def list_transitions(session: Session, *job_ids: str) -> dict[str, list[TransitionRecord]]:
    """Every state that each of the jobs has been in, oldest first."""
    rows = session.execute(_OF_JOBS, {"job_ids": job_ids})
    found: dict[str, list[TransitionRecord]] = {job_id: [] for job_id in job_ids}
    for job_id, status, reason, at in rows:
        why = StatusReason(reason) if reason else None
        found[job_id].append(TransitionRecord(JobStatus(status), why, at))
    return found
