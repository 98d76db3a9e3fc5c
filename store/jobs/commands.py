"""Client commands on a job of any kind: cancel, pause, resume, retry.

A job of another kind than the caller's is not found. Each command locks the job's row first, so
that it is serialized with claims, the end of a slice and the end of the job. Cancel and pause are
idempotent.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.stored.versions import check_version
from store.db.clock import now
from store.db.tables import jobs
from store.errors import IllegalTransitionError, NotFoundError
from store.jobs.checkpoints import delete_checkpoints, has_checkpoint
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import UNHELD_WITH_NEW_TOKEN
from store.jobs.transitions import add_transition
from store.statuses import JobStatus, StatusReason, noun_of

# Values of a job of which no step was done.
_UNTOUCHED: dict[str, Any] = {
    "steps": 0,
    "preparing_seconds": 0.0,
    "training_seconds": 0.0,
    "saving_seconds": 0.0,
    "environment": None,
    "exact": True,
}


def cancel_job(session: Session, job_id: str, kind: str) -> JobRecord:
    """Cancel a job: at once without a checkpoint, otherwise let a worker save what was done.

    Safe against a concurrent claim: either the claim sees `cancelled`, or this sees `running` and
    leaves the cancellation to the worker. Raises NotFoundError, IllegalTransitionError.
    """
    status, _ = _lock(session, job_id, kind)
    match status:
        case JobStatus.QUEUED | JobStatus.PAUSED:
            # A worker turns the checkpoint into a partial result; the caller notifies one.
            wanted = (
                JobStatus.CANCELLING if has_checkpoint(session, job_id) else JobStatus.CANCELLED
            )
        case JobStatus.RUNNING | JobStatus.PAUSING:
            wanted = JobStatus.CANCELLING
        case JobStatus.CANCELLING:
            return get_job(session, job_id, kind)
        case ended:
            raise IllegalTransitionError(job_id, ended, "cancelled")
    values: dict[str, Any] = {"finished_at": now()} if wanted is JobStatus.CANCELLED else {}
    _change(session, job_id, wanted, str(wanted), StatusReason.USER, **values)
    return get_job(session, job_id, kind)


def pause_job(session: Session, job_id: str, kind: str) -> JobRecord:
    """Pause a job: at once if no worker holds it, otherwise after its worker's next checkpoint.

    Safe against a stalled worker that continues: a job that is paused without its worker gets a
    new token. Raises NotFoundError, IllegalTransitionError.
    """
    status, is_held = _lock(session, job_id, kind)
    match status:
        case JobStatus.QUEUED:
            wanted = JobStatus.PAUSED
        case JobStatus.RUNNING:
            wanted = JobStatus.PAUSING if is_held else JobStatus.PAUSED
        case JobStatus.PAUSING | JobStatus.PAUSED:
            return get_job(session, job_id, kind)
        case other:
            raise IllegalTransitionError(job_id, other, "paused")
    values = UNHELD_WITH_NEW_TOKEN if wanted is JobStatus.PAUSED else {}
    _change(session, job_id, wanted, str(wanted), StatusReason.USER, **values)
    return get_job(session, job_id, kind)


_INTERRUPTED_PAUSES = (
    select(jobs.c.id)
    .where(
        jobs.c.status == JobStatus.PAUSING,
        jobs.c.kind.in_(bindparam("kinds", expanding=True)),
        jobs.c.lease_expires_at.is_(None) | (jobs.c.lease_expires_at <= now()),
    )
    .with_for_update(skip_locked=True)
)


def finish_interrupted_pauses(session: Session, kinds: Collection[str]) -> tuple[str, ...]:
    """Pause pausing jobs of these kinds whose worker was lost, and return their ids."""
    paused = tuple(session.execute(_INTERRUPTED_PAUSES, {"kinds": list(kinds)}).scalars())
    values = UNHELD_WITH_NEW_TOKEN
    for job_id in paused:
        _change(session, job_id, JobStatus.PAUSED, "paused", StatusReason.USER, **values)
    return paused


def resume_job(session: Session, job_id: str, kind: str) -> JobRecord:
    """Queue a paused job; it resumes from its last checkpoint.

    Raises NotFoundError, IllegalTransitionError, LaterVersionError.
    """
    status, _ = _lock(session, job_id, kind)
    if status is not JobStatus.PAUSED:
        raise IllegalTransitionError(job_id, status, "resumed")
    check_version("spec", get_job(session, job_id, kind).spec_version)
    _change(session, job_id, JobStatus.QUEUED, "resumed", dispatched_at=now())
    return get_job(session, job_id, kind)


def retry_job(
    session: Session,
    job_id: str,
    kind: str,
    *,
    from_start: bool,
    initial: Mapping[str, Any] | None = None,
) -> JobRecord:
    """Queue a failed job for a new attempt, from its last checkpoint or from the start.

    Safe against a concurrent retry: the second finds the job queued. Raises NotFoundError,
    IllegalTransitionError, LaterVersionError.

    Args:
        session: session of the transaction.
        job_id: id of the job.
        kind: kind of the job.
        from_start: whether to delete the job's checkpoints.
        initial: columns of the kind, with their values before the first step.
    """
    status, _ = _lock(session, job_id, kind)
    if status is not JobStatus.FAILED:
        raise IllegalTransitionError(job_id, status, "retried")
    check_version("spec", get_job(session, job_id, kind).spec_version)
    values: dict[str, Any] = {
        "attempt": jobs.c.attempt + 1,
        "worker_losses": 0,
        "dispatched_at": now(),
    }
    if from_start:
        delete_checkpoints(session, job_id)
        values |= {**_UNTOUCHED, **(initial or {})}
    _change(
        session,
        job_id,
        JobStatus.QUEUED,
        "retried",
        data={"from": "start" if from_start else "checkpoint"},
        finished_at=None,
        error=None,
        **values,
    )
    return get_job(session, job_id, kind)


# Built once: building the statement costs more than running it.
_LOCK = (
    select(jobs.c.status, (jobs.c.lease_expires_at > now()).label("is_held"))
    .where(jobs.c.id == bindparam("job_id"), jobs.c.kind == bindparam("kind"))
    .with_for_update()
)


def _lock(session: Session, job_id: str, kind: str) -> tuple[JobStatus, bool]:
    """Lock the job's row until the commit; return its status and whether a worker holds it."""
    row = session.execute(_LOCK, {"job_id": job_id, "kind": kind}).one_or_none()
    if row is None:
        raise NotFoundError(noun_of(kind), job_id)
    return JobStatus(row.status), bool(row.is_held)


def _change(
    session: Session,
    job_id: str,
    status: JobStatus,
    event: str,
    reason: StatusReason | None = None,
    data: dict[str, Any] | None = None,
    **values: Any,  # noqa: ANN401 - each column has its own type
) -> None:
    """Change the status of a job whose row is locked, and record the transition and event."""
    changed = {"status": status, "status_reason": reason, **values}
    session.execute(update(jobs).where(jobs.c.id == job_id).values(**changed))
    add_transition(session, job_id, status, reason)
    event_data = data if reason is None else {"reason": str(reason)}
    add_event(session, job_id, event, event_data or {})
