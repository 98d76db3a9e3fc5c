"""Whose turn it is: which jobs a worker may take, and the taking of one."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import jobs
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord, job_from_row
from store.jobs.transitions import add_transition
from store.statuses import HELD, JobStatus


def claimable() -> ColumnElement[bool]:
    """Jobs that a worker may take: queued, between two slices, or left by a lost worker."""
    unheld = or_(jobs.c.lease_expires_at.is_(None), jobs.c.lease_expires_at <= now())
    # A pause that lost its worker needs no other: `finish_interrupted_pauses` ends it.
    going_on = jobs.c.status.in_({JobStatus.RUNNING, JobStatus.CANCELLING})
    return or_(jobs.c.status == JobStatus.QUEUED, and_(going_on, unheld))


def claim_job(
    session: Session,
    worker: str,
    lease_seconds: float,
    max_worker_losses: int,
    *,
    max_running: int | None = None,
) -> JobRecord | None:
    """Take the job whose turn it is, or None: priority, fair share, the orphaned first, age.

    Survives any number of claims at once: the row is locked and other claims skip it. A job whose
    lease ran out too often is not given out again; `fail_lost_jobs` ends it.

    Args:
        session: of the claim.
        worker: who claims.
        lease_seconds: how long the job is the worker's unless the lease is renewed.
        max_worker_losses: a job that has lost so many workers in a row is not claimed.
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
