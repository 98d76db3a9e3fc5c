"""A worker's right to write for a job: claimed, renewed, used, given back.

Every write of a worker goes through `update_held_job`, which matches the lease's token. A write
that matches no row means that the lease is gone, and the worker stops quietly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from store.clock import now, shifted
from store.errors import LeaseLostError
from store.events import add_event
from store.jobs import JobRecord, job_from_row
from store.statuses import HELD, JobStatus, StatusReason
from store.tables import jobs
from store.transitions import add_transition

# Of a job that its worker has left of its own accord.
_UNHELD: dict[str, Any] = {"lease_expires_at": None, "stalled_at": None}


@dataclass(frozen=True)
class Lease:
    """The right to write for a job: valid while its token is the job's."""

    job_id: str
    token: int


def claimable() -> ColumnElement[bool]:
    """Jobs that a worker may take: queued, between two slices, or left by a lost worker."""
    unheld = or_(jobs.c.lease_expires_at.is_(None), jobs.c.lease_expires_at <= now())
    # A pause that lost its worker needs no other: `settle_lost_pauses` ends it.
    going_on = jobs.c.status.in_({JobStatus.RUNNING, JobStatus.CANCELLING})
    return or_(jobs.c.status == JobStatus.QUEUED, and_(going_on, unheld))


def claim_job(
    session: Session,
    worker: str,
    lease_seconds: float,
    max_worker_losses: int,
    *,
    environment: dict[str, Any] | None = None,
    max_running: int | None = None,
) -> JobRecord | None:
    """Take the job whose turn it is, or None: priority, fair share, the orphaned first, age.

    Survives any number of claims at once: the row is locked and other claims skip it. A job whose
    lease ran out too often is not given out again; `bury_lost_jobs` ends it.

    Args:
        session: of the claim.
        worker: who claims.
        lease_seconds: how long the job is the worker's unless the lease is renewed.
        max_worker_losses: a job that has lost so many workers in a row is not claimed.
        environment: in which the worker trains; noted with a job that is claimed first.
        max_running: jobs of one owner at a time; claims at once may pass it by their number.
    """
    query = _next_job(max_worker_losses, max_running)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return None
    rescued = row["lease_expires_at"] is not None
    fresh = row["status"] == JobStatus.QUEUED
    claimed = session.execute(
        update(jobs)
        .where(jobs.c.id == row["id"], jobs.c.token == row["token"])
        .values(
            status=JobStatus.RUNNING if fresh else row["status"],
            token=row["token"] + 1,
            # A slice after a slice is the same attempt, and so is what follows a pause.
            attempt=row["attempt"] + int(rescued or not row["attempt"]),
            worker_losses=row["worker_losses"] + int(rescued),
            worker=worker,
            claimed_at=now(),
            started_at=func.coalesce(jobs.c.started_at, now()),
            lease_expires_at=shifted(lease_seconds),
            stalled_at=None,
            environment=row["environment"] or environment,
        )
        .returning(jobs)
    ).mappings()
    job = job_from_row(claimed.one())
    if fresh:
        add_transition(session, job.id, job.status)
    if fresh or rescued:
        _note_claim(session, job, rescued=rescued)
    return job


# Made once for each pair of settings: to build it costs more than to run it.
@lru_cache(maxsize=8)
def _next_job(max_worker_losses: int, max_running: int | None) -> Any:  # noqa: ANN401 - a Select of two dialects
    other = jobs.alias("other")
    # Whose owner was served longest ago goes first, so that a thousand jobs of one owner delay
    # another's first by no more than one slice.
    last_served = (
        select(func.coalesce(func.max(other.c.claimed_at), 0))
        .where(other.c.owner == jobs.c.owner)
        .scalar_subquery()
    )
    not_lost = or_(jobs.c.lease_expires_at.is_(None), jobs.c.worker_losses + 1 < max_worker_losses)
    return (
        select(
            jobs.c.id,
            jobs.c.status,
            jobs.c.token,
            jobs.c.attempt,
            jobs.c.worker_losses,
            jobs.c.lease_expires_at,
            jobs.c.environment,
        )
        .where(claimable(), not_lost, *_below(max_running))
        .order_by(
            jobs.c.priority.desc(),
            last_served,
            # What lost its worker first, and of that the first that did: under kill after kill
            # the oldest job would always go before the other orphans.
            jobs.c.lease_expires_at.is_(None),
            jobs.c.lease_expires_at,
            jobs.c.id,
        )
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
    )


def _below(max_running: int | None) -> tuple[ColumnElement[bool], ...]:
    """The job's owner has fewer jobs in workers' hands than allowed."""
    if max_running is None:
        return ()
    other = jobs.alias("running")
    running = (
        select(func.count())
        .where(
            other.c.owner == jobs.c.owner,
            other.c.status.in_(HELD),
            other.c.lease_expires_at > now(),
        )
        .scalar_subquery()
    )
    return (running < max_running,)


def _note_claim(session: Session, job: JobRecord, *, rescued: bool) -> None:
    data = {"worker": job.worker, "attempt": job.attempt}
    if rescued:
        add_event(session, job.id, "rescued", data, level="warning")
    else:
        add_event(session, job.id, "claimed", data)


def _is_held_under(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    """The lease is the job's newest, and was not given back.

    Without the latter a heartbeat that overlaps with the end of a slice would hold for a worker
    that has left what others may take, or a cancel that came after a pause.
    """
    return (
        jobs.c.id == lease.job_id,
        jobs.c.token == lease.token,
        jobs.c.status.in_(HELD),
        jobs.c.lease_expires_at.is_not(None),
    )


def update_held_job(
    session: Session, lease: Lease, values: Mapping[str, Any] | None = None
) -> JobRecord:
    """Write to a job under a lease, and lock its row until the commit. Raises LeaseLostError."""
    row = (
        session.execute(
            update(jobs)
            .where(*_is_held_under(lease))
            # Something must be set for the row to be locked and matched.
            .values(**(values or {"token": lease.token}))
            .returning(jobs)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise LeaseLostError(lease.job_id, lease.token)
    return job_from_row(row)


def renew_lease(session: Session, lease: Lease, lease_seconds: float) -> JobStatus:
    """Hold the job longer; tells whether someone wants it to stop. Raises LeaseLostError."""
    renewed = {"lease_expires_at": shifted(lease_seconds), "stalled_at": None}
    return update_held_job(session, lease, renewed).status


def find_held_status(session: Session, lease: Lease) -> JobStatus | None:
    """The status of the job as long as the lease holds, else None. Writes nothing."""
    status = session.execute(
        select(jobs.c.status).where(*_is_held_under(lease))
    ).scalar_one_or_none()
    return None if status is None else JobStatus(status)


def release_job(session: Session, lease: Lease) -> JobRecord:
    """Give the job back between two slices; anyone may claim it. Raises LeaseLostError."""
    return update_held_job(session, lease, {**_UNHELD, "rung_at": now()})


def note_environment(session: Session, lease: Lease, environment: dict[str, Any]) -> JobRecord:
    """The job goes on in another environment: not to the same bits. Raises LeaseLostError."""
    job = update_held_job(session, lease, {"environment": environment, "exact": False})
    add_event(session, job.id, "inexact", {"environment": environment}, level="warning")
    return job


def pause_held_job(session: Session, lease: Lease) -> bool:
    """Leave a job that is pausing; whether it still was. Raises LeaseLostError.

    Survives a cancel in the same moment: the row is locked first, and the cancel wins.
    """
    job = update_held_job(session, lease)
    if job.status is not JobStatus.PAUSING:
        return False
    update_held_job(session, lease, {**_UNHELD, "status": JobStatus.PAUSED})
    add_transition(session, job.id, JobStatus.PAUSED, StatusReason.USER)
    add_event(session, job.id, "paused", {"epoch": job.epoch, "steps": job.steps})
    return True


def mark_stalled_jobs(session: Session) -> tuple[str, ...]:
    """Tell, once, of jobs whose lease has run out; the ids of those told of."""
    stalled = (
        jobs.c.status.in_(HELD),
        jobs.c.lease_expires_at <= now(),
        jobs.c.stalled_at.is_(None),
    )
    rows = session.execute(
        select(jobs.c.id, jobs.c.worker).where(*stalled).with_for_update(skip_locked=True)
    ).all()
    for job_id, worker in rows:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(stalled_at=now()))
        add_event(session, job_id, "stalled", {"worker": worker}, level="warning")
    return tuple(row.id for row in rows)


def list_unrung_jobs(session: Session, ring_again_seconds: float, limit: int) -> tuple[str, ...]:
    """Jobs that wait for a worker although nobody rang for them lately, oldest first."""
    quiet = func.coalesce(jobs.c.rung_at, jobs.c.created_at) < shifted(-ring_again_seconds)
    rows = session.execute(
        select(jobs.c.id).where(claimable(), quiet).order_by(jobs.c.id).limit(limit)
    )
    return tuple(rows.scalars())


def mark_rung(session: Session, job_ids: tuple[str, ...]) -> None:
    """Note that the doorbell was rung for these jobs."""
    session.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(rung_at=now()))


def bury_lost_jobs(session: Session, max_worker_losses: int) -> tuple[str, ...]:
    """End jobs that lost their worker too often without progress; the ids of those ended.

    The token moves on, so that a worker that comes back from the dead can write nothing.
    """
    poison = and_(
        jobs.c.status.in_(HELD),
        jobs.c.lease_expires_at <= now(),
        jobs.c.worker_losses + 1 >= max_worker_losses,
    )
    rows = session.execute(
        select(jobs.c.id, jobs.c.status, jobs.c.token)
        .where(poison)
        .with_for_update(skip_locked=True)
    ).all()
    for job_id, status, token in rows:
        _bury(session, job_id, JobStatus(status), token, max_worker_losses)
    return tuple(row.id for row in rows)


def _bury(session: Session, job_id: str, status: JobStatus, token: int, losses: int) -> None:
    cancelled = status is JobStatus.CANCELLING
    ended = JobStatus.CANCELLED if cancelled else JobStatus.FAILED
    reason = StatusReason.USER if cancelled else StatusReason.WORKER_LOST
    detail = f"the job lost its worker {losses} times in a row without a checkpoint in between"
    session.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            status=ended,
            status_reason=reason,
            finished_at=now(),
            lease_expires_at=None,
            stalled_at=None,
            token=token + 1,
            worker_losses=losses,
            error=None if cancelled else {"code": str(reason), "message": detail},
        )
    )
    add_transition(session, job_id, ended, reason)
    add_event(session, job_id, str(ended), {"reason": str(reason)}, level="error")
