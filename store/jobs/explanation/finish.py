"""End of an explanation: the state before its step is kept, and older ones of the training go."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.tables import checkpoints, jobs
from store.jobs.checkpoints import Checkpoint, add_checkpoint, delete_checkpoints
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.progress import JobProgress, record_progress
from store.statuses import EXPLANATION, JobStatus

# States that explanations keep per training.
KEPT_STATES = 4


def finish_explanation(
    session: Session,
    lease: Lease,
    outcome: Outcome,
    progress: JobProgress | None = None,
    state: Checkpoint | None = None,
    result: Mapping[str, Any] | None = None,
) -> JobRecord:
    """Keep the state, if the step was reached, and end the explanation. Raises LeaseLostError."""
    if progress is None:
        job = update_held_job(session, lease)
    else:
        job = record_progress(session, lease, progress)
    delete_checkpoints(session, job.id)
    if state is None or job.status is JobStatus.CANCELLING:
        return finish_job(session, lease, job, outcome)
    add_checkpoint(session, job.id, state)
    _delete_older_states(session, job)
    return finish_job(session, lease, job, outcome, {"result": dict(result or {})})


def _delete_older_states(session: Session, job: JobRecord) -> None:
    """Delete all but the newest states that explanations of the same training keep."""
    has_state = select(checkpoints.c.job_id).where(checkpoints.c.job_id == jobs.c.id).exists()
    kept = (
        select(jobs.c.id)
        .where(
            jobs.c.subject_id == job.subject_id,
            jobs.c.kind == EXPLANATION,
            jobs.c.status == JobStatus.SUCCEEDED,
            has_state,
        )
        .order_by(jobs.c.id.desc())
    )
    # The state of this explanation, which has not ended yet, is kept besides.
    for job_id in session.execute(kept).scalars().all()[KEPT_STATES - 1 :]:
        delete_checkpoints(session, job_id)


def find_kept_states(session: Session, job_ids: list[str]) -> set[str]:
    """Return those of the explanations whose state is kept."""
    query = select(checkpoints.c.job_id).where(checkpoints.c.job_id.in_(job_ids))
    return set(session.execute(query).scalars())
