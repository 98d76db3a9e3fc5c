"""Scheduling: which jobs a worker may claim, in which order, and the claim."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION
from store.db.clock import now, shifted
from store.db.tables import jobs
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord, job_from_row
from store.jobs.transitions import add_transition
from store.statuses import HELD, JobStatus


def claimable(kinds: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for waiting jobs of these kinds whose stored values can be read."""
    return and_(waiting(kinds), jobs.c.spec_version <= SPEC_VERSION)


def waiting(kinds: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for jobs of these kinds that wait for a worker.

    They are queued, between two slices, or orphaned.
    """
    unheld = or_(jobs.c.lease_expires_at.is_(None), jobs.c.lease_expires_at <= now())
    # A pausing job that lost its worker needs no other: see `finish_interrupted_pauses`.
    is_started = jobs.c.status.in_({JobStatus.RUNNING, JobStatus.CANCELLING})
    is_waiting = or_(jobs.c.status == JobStatus.QUEUED, and_(is_started, unheld))
    return and_(jobs.c.kind.in_(list(kinds)), is_waiting)


def claim_job(
    session: Session,
    worker: str,
    lease_seconds: float,
    max_worker_losses: int,
    *,
    kinds: Collection[str],
    max_running: int | None = None,
    environment: str | None = None,
) -> JobRecord | None:
    """Claim the next job by priority, fair share, orphans first, then age; None if there is none.

    Fair share and `max_running` count the jobs of all kinds, also of those that are not claimed.

    Safe against concurrent claims: the row is locked and other claims skip it. A job whose lease
    expired too often is not claimed; `fail_lost_jobs` ends it.

    Args:
        session: of the claim.
        worker: who claims.
        lease_seconds: how long the job is the worker's unless the lease is renewed.
        max_worker_losses: consecutive worker losses after which a job is not claimed.
        kinds: kinds of work that the worker knows.
        max_running: jobs of one owner at a time; claims at once may pass it by their number.
        environment: hash of the worker's environment, see `store.environment`. Jobs that require
            another one are not claimed.
    """
    query = _next_job(tuple(sorted(kinds)), max_worker_losses, max_running, environment)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return None
    is_rescue = row["lease_expires_at"] is not None
    is_queued = row["status"] == JobStatus.QUEUED
    claimed = session.execute(
        update(jobs)
        .where(jobs.c.id == row["id"], jobs.c.token == row["token"])
        .values(
            status=JobStatus.RUNNING if is_queued else row["status"],
            token=row["token"] + 1,
            # The next slice, and training after a pause, belong to the same attempt.
            attempt=row["attempt"] + int(is_rescue or not row["attempt"]),
            worker_losses=row["worker_losses"] + int(is_rescue),
            worker=worker,
            claimed_at=now(),
            started_at=func.coalesce(jobs.c.started_at, now()),
            lease_expires_at=shifted(lease_seconds),
            stalled_at=None,
        )
        .returning(jobs)
    ).mappings()
    job = job_from_row(claimed.one())
    if is_queued:
        add_transition(session, job.id, job.status)
    if is_queued or is_rescue:
        _add_claim_event(session, job, is_rescue=is_rescue)
    return job


# Cached per kinds and settings: building the statement costs more than running it.
@lru_cache(maxsize=8)
def _next_job(  # a Select of two dialects
    kinds: tuple[str, ...],
    max_worker_losses: int,
    max_running: int | None,
    environment: str | None,
) -> Any:  # noqa: ANN401
    other = jobs.alias("other")
    # The owner served longest ago goes first, so that a thousand jobs of one owner delay another
    # owner's first job by at most one slice.
    last_served = (
        select(func.coalesce(func.max(other.c.claimed_at), 0))
        .where(other.c.owner == jobs.c.owner)
        .scalar_subquery()
    )
    not_lost = or_(jobs.c.lease_expires_at.is_(None), jobs.c.worker_losses + 1 < max_worker_losses)
    required = jobs.c.required_environment
    is_fit = or_(required.is_(None), required == environment)
    return (
        select(
            jobs.c.id,
            jobs.c.status,
            jobs.c.token,
            jobs.c.attempt,
            jobs.c.worker_losses,
            jobs.c.lease_expires_at,
        )
        .where(claimable(kinds), not_lost, is_fit, *_below(max_running))
        .order_by(
            jobs.c.priority.desc(),
            last_served,
            # Orphaned jobs first, oldest lease first: otherwise, with repeated kills, the oldest
            # job starves the other orphans.
            jobs.c.lease_expires_at.is_(None),
            jobs.c.lease_expires_at,
            jobs.c.id,
        )
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
    )


def _below(max_running: int | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that the owner has fewer running jobs than allowed."""
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


def _add_claim_event(session: Session, job: JobRecord, *, is_rescue: bool) -> None:
    data = {"worker": job.worker, "attempt": job.attempt}
    if is_rescue:
        add_event(session, job.id, "rescued", data, level="warning")
    else:
        add_event(session, job.id, "claimed", data)
