"""Leases: the exclusive right of a worker to write to a job, with a fencing token.

Every write of a worker goes through `update_held_job`, which matches the lease's token. If no row
matches, the lease was lost, and the worker leaves the job without further writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import jobs
from store.errors import LeaseLostError
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord, job_from_row
from store.jobs.transitions import add_transition
from store.statuses import HELD, JobStatus, StatusReason

# Values of a job without a lease.
UNHELD: dict[str, Any] = {"lease_expires_at": None, "stalled_at": None}
# The same if its worker was lost: with a new token, a worker that continues cannot write.
UNHELD_WITH_NEW_TOKEN: dict[str, Any] = {**UNHELD, "token": jobs.c.token + 1}


@dataclass(frozen=True)
class Lease:
    """The right to write to a job; valid while its token equals the job's."""

    job_id: str
    token: int


# The lease is the job's latest and was not released. Without the second condition, a heartbeat that
# overlaps with the end of a slice would renew the lease of a released job and block other workers,
# or a cancel after a pause.
_IS_HELD_UNDER = (
    jobs.c.id == bindparam("lease_job"),
    jobs.c.token == bindparam("lease_token"),
    jobs.c.status.in_(HELD),
    jobs.c.lease_expires_at.is_not(None),
)
# Built once: building the statements costs more than running them.
_UPDATE = update(jobs).where(*_IS_HELD_UNDER).returning(jobs)
_STATUS = select(jobs.c.status).where(*_IS_HELD_UNDER)


def _parameters(lease: Lease) -> dict[str, Any]:
    return {"lease_job": lease.job_id, "lease_token": lease.token}


def update_held_job(
    session: Session, lease: Lease, values: Mapping[str, Any] | None = None
) -> JobRecord:
    """Update a job under a lease, and lock its row until the commit. Raises LeaseLostError."""
    # Without values, the token is set to itself: an UPDATE needs a column to lock the row.
    query = _UPDATE.values(**(values or {"token": lease.token}))
    row = session.execute(query, _parameters(lease)).mappings().one_or_none()
    if row is None:
        raise LeaseLostError(lease.job_id, lease.token)
    return job_from_row(row)


def renew_lease(session: Session, lease: Lease, lease_seconds: float) -> JobStatus:
    """Renew the lease; return the status, which shows a cancel or pause. Raises LeaseLostError."""
    renewed = {"lease_expires_at": shifted(lease_seconds), "stalled_at": None}
    return update_held_job(session, lease, renewed).status


def find_held_status(session: Session, lease: Lease) -> JobStatus | None:
    """Return the status of the job while the lease is valid, else None. Read-only."""
    status = session.execute(_STATUS, _parameters(lease)).scalar_one_or_none()
    return None if status is None else JobStatus(status)


def release_job(session: Session, lease: Lease) -> JobRecord:
    """Release the job between two slices; any worker may claim it. Raises LeaseLostError."""
    return update_held_job(session, lease, {**UNHELD, "dispatched_at": now()})


def record_environment(session: Session, lease: Lease, environment: dict[str, Any]) -> JobRecord:
    """Record a changed environment: the job is no longer bit-exact. Raises LeaseLostError."""
    job = update_held_job(session, lease, {"environment": environment, "exact": False})
    add_event(session, job.id, "inexact", {"environment": environment}, level="warning")
    return job


def pause_held_job(session: Session, lease: Lease) -> bool:
    """Pause and release a pausing job; return whether it was pausing. Raises LeaseLostError.

    Safe against a concurrent cancel: the row is locked first, and the cancel takes precedence.
    """
    job = update_held_job(session, lease)
    if job.status is not JobStatus.PAUSING:
        return False
    update_held_job(session, lease, {**UNHELD, "status": JobStatus.PAUSED})
    add_transition(session, job.id, JobStatus.PAUSED, StatusReason.USER)
    add_event(session, job.id, "paused", {"epoch": job.epoch, "steps": job.steps})
    return True
