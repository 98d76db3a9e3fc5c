"""Statuses of jobs and their history, with times and reasons."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.tables import jobs, transitions
from store.errors import NotFoundError
from store.statuses import JobStatus, StatusReason, noun_of


@dataclass(frozen=True)
class TransitionRecord:
    """A status, its reason, and its start."""

    status: JobStatus
    reason: StatusReason | None
    at: datetime


# Built once: building the statements costs more than running them.
_STATUS = select(jobs.c.status).where(
    jobs.c.id == bindparam("job_id"), jobs.c.kind == bindparam("kind")
)
_ADD = insert(transitions).values(at=now())
_OF_JOBS = (
    select(transitions.c.job_id, transitions.c.status, transitions.c.reason, transitions.c.at)
    .where(transitions.c.job_id.in_(bindparam("job_ids", expanding=True)))
    .order_by(transitions.c.id)
)


def get_status(session: Session, job_id: str, kind: str) -> JobStatus:
    """Return the status of the job of this kind. Raises NotFoundError."""
    found = session.execute(_STATUS, {"job_id": job_id, "kind": kind}).scalar_one_or_none()
    if found is None:
        raise NotFoundError(noun_of(kind), job_id)
    return JobStatus(found)


def add_transition(
    session: Session, job_id: str, status: JobStatus, reason: StatusReason | None = None
) -> None:
    """Record that the job has this status from now on."""
    session.execute(_ADD, {"job_id": job_id, "status": status, "reason": reason})


def list_transitions(session: Session, *job_ids: str) -> dict[str, list[TransitionRecord]]:
    """Return the status history per job, oldest first."""
    rows = session.execute(_OF_JOBS, {"job_ids": job_ids})
    found: dict[str, list[TransitionRecord]] = {job_id: [] for job_id in job_ids}
    for job_id, status, reason, at in rows:
        found[job_id].append(TransitionRecord(JobStatus(status), StatusReason.read(reason), at))
    return found
