"""Jobs with an expired lease: marked as stalled, and failed after repeated worker losses."""

from collections.abc import Collection

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.tables import jobs
from store.jobs.checkpoints import delete_checkpoints
from store.jobs.events import EventLevel, add_event
from store.jobs.leases import UNHELD_WITH_NEW_TOKEN
from store.jobs.transitions import add_transition
from store.statuses import HELD, JobStatus, StatusReason

# Built once: every idle worker runs them every few seconds.
_IS_LOST = (
    jobs.c.status.in_(HELD),
    jobs.c.kind.in_(bindparam("kinds", expanding=True)),
    jobs.c.lease_expires_at <= now(),
)
_STALLED = (
    select(jobs.c.id, jobs.c.worker)
    .where(*_IS_LOST, jobs.c.stalled_at.is_(None))
    .with_for_update(skip_locked=True)
)
_LOST_TOO_OFTEN = (
    select(jobs.c.id, jobs.c.status, jobs.c.subject_id)
    .where(*_IS_LOST, jobs.c.worker_losses + 1 >= bindparam("max_worker_losses"))
    .with_for_update(skip_locked=True)
)


def mark_stalled_jobs(session: Session, kinds: Collection[str]) -> tuple[str, ...]:
    """Mark jobs of these kinds whose lease has expired, once, with an event; return their ids."""
    rows = session.execute(_STALLED, {"kinds": list(kinds)}).all()
    for job_id, worker in rows:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(stalled_at=now()))
        add_event(session, job_id, "stalled", {"worker": worker}, level="warning")
    return tuple(row.id for row in rows)


def fail_lost_jobs(
    session: Session, kinds: Collection[str], max_worker_losses: int
) -> tuple[str, ...]:
    """Fail jobs of these kinds that lost their worker too often without progress; return their ids.

    The token is incremented, so that a stalled worker that continues cannot write.
    """
    parameters = {"kinds": list(kinds), "max_worker_losses": max_worker_losses}
    rows = session.execute(_LOST_TOO_OFTEN, parameters).all()
    for job_id, status, subject_id in rows:
        _fail(session, job_id, JobStatus(status), max_worker_losses)
        if subject_id is not None:
            # It is not retried: only the training keeps its checkpoints.
            delete_checkpoints(session, job_id)
    return tuple(row.id for row in rows)


def _fail(session: Session, job_id: str, status: JobStatus, losses: int) -> None:
    is_cancelled = status is JobStatus.CANCELLING
    ended = JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
    reason = StatusReason.USER if is_cancelled else StatusReason.WORKER_LOST
    detail = f"the job lost its worker {losses} times in a row without a checkpoint in between"
    session.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            status=ended,
            status_reason=reason,
            finished_at=now(),
            **UNHELD_WITH_NEW_TOKEN,
            worker_losses=losses,
            error=None if is_cancelled else {"code": str(reason), "message": detail},
        )
    )
    add_transition(session, job_id, ended, reason)
    level: EventLevel = "info" if is_cancelled else "error"
    add_event(session, job_id, str(ended), {"reason": str(reason)}, level)
