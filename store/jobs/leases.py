"""A worker's right to write for a job: renewed, used, given back.

Every write of a worker goes through `update_held_job`, which matches the lease's token. A write
that matches no row means that the lease is gone, and the worker stops quietly.
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

# Of a job that its worker has left of its own accord.
_UNHELD: dict[str, Any] = {"lease_expires_at": None, "stalled_at": None}


@dataclass(frozen=True)
class Lease:
    """The right to write for a job: valid while its token is the job's."""

    job_id: str
    token: int


# The lease is the job's newest, and was not given back. Without the latter a heartbeat that
# overlaps with the end of a slice would hold for a worker that has left what others may take, or a
# cancel that came after a pause.
_IS_HELD_UNDER = (
    jobs.c.id == bindparam("lease_job"),
    jobs.c.token == bindparam("lease_token"),
    jobs.c.status.in_(HELD),
    jobs.c.lease_expires_at.is_not(None),
)
# Made once: to build them costs more than to run them.
_UPDATE = update(jobs).where(*_IS_HELD_UNDER).returning(jobs)
_STATUS = select(jobs.c.status).where(*_IS_HELD_UNDER)


def _named(lease: Lease) -> dict[str, Any]:
    return {"lease_job": lease.job_id, "lease_token": lease.token}


def update_held_job(
    session: Session, lease: Lease, values: Mapping[str, Any] | None = None
) -> JobRecord:
    """Write to a job under a lease, and lock its row until the commit. Raises LeaseLostError."""
    # Something must be set for the row to be locked and matched.
    query = _UPDATE.values(**(values or {"token": lease.token}))
    row = session.execute(query, _named(lease)).mappings().one_or_none()
    if row is None:
        raise LeaseLostError(lease.job_id, lease.token)
    return job_from_row(row)


def renew_lease(session: Session, lease: Lease, lease_seconds: float) -> JobStatus:
    """Hold the job longer; tells whether someone wants it to stop. Raises LeaseLostError."""
    renewed = {"lease_expires_at": shifted(lease_seconds), "stalled_at": None}
    return update_held_job(session, lease, renewed).status


def find_held_status(session: Session, lease: Lease) -> JobStatus | None:
    """The status of the job as long as the lease holds, else None. Writes nothing."""
    status = session.execute(_STATUS, _named(lease)).scalar_one_or_none()
    return None if status is None else JobStatus(status)


def release_job(session: Session, lease: Lease) -> JobRecord:
    """Give the job back between two slices; anyone may claim it. Raises LeaseLostError."""
    return update_held_job(session, lease, {**_UNHELD, "dispatched_at": now()})


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
