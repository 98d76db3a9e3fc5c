"""End of a job: its terminal status, transition and event, in the transaction of its results."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from store.db.clock import now
from store.jobs.events import EventLevel, add_event
from store.jobs.jobs import JobRecord
from store.jobs.leases import UNHELD, Lease, update_held_job
from store.jobs.transitions import add_transition
from store.statuses import JobStatus, StatusReason


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job, as reported by its worker."""

    status: Literal[JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED]
    reason: StatusReason
    error: dict[str, Any] | None = None


def final_outcome(job: JobRecord, outcome: Outcome) -> Outcome:
    """Return the outcome of a job whose row is locked: a confirmed cancel takes precedence."""
    if job.status is not JobStatus.CANCELLING:
        return outcome
    return replace(outcome, status=JobStatus.CANCELLED, reason=StatusReason.USER)


def finish_job(
    session: Session,
    lease: Lease,
    job: JobRecord,
    outcome: Outcome,
    columns: Mapping[str, Any] | None = None,
) -> JobRecord:
    """Put the job into its terminal status, under the lease. Raises LeaseLostError.

    A kind of work stores its results in the same transaction, before this.

    Args:
        session: session of the transaction.
        lease: lease of the worker.
        job: the job, as returned by the write of this transaction that has locked its row.
        outcome: what the worker reports; a cancel that was confirmed to the client takes
            precedence.
        columns: columns of the job that name its results; they are added to the event's data.
    """
    final = final_outcome(job, outcome)
    status, reason = final.status, final.reason
    results = columns or {}
    values = {
        "status": status,
        "status_reason": reason,
        "finished_at": now(),
        "error": outcome.error,
    }
    ended = update_held_job(session, lease, {**UNHELD, **values, **results})
    add_transition(session, job.id, status, reason)
    level: EventLevel = "error" if status is JobStatus.FAILED else "info"
    add_event(session, job.id, str(status), event_data(final, results), level)
    return ended


def event_data(outcome: Outcome, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of the event that reports the end of a job."""
    return {"reason": str(outcome.reason), **results, **(outcome.error or {})}
