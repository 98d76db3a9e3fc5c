"""End of an explanation: the state before its step is kept, and older ones of the training go."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

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
# The training, the fold and the step before which a state is.
_Position: TypeAlias = tuple[str | None, int | None, int]


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
    """Delete equal states, and all but the newest others, of explanations of the same training."""
    others = 0
    for job_id, position in _find_states(session, [job.subject_id]):
        others += position != _position(job)
        # The state of this explanation, which has not ended yet, is kept besides.
        if position == _position(job) or others >= KEPT_STATES:
            delete_checkpoints(session, job_id)


def find_kept_states(session: Session, explanations: Sequence[JobRecord]) -> set[str]:
    """Return the ids of those explanations whose step has a kept state, their own or an equal one.

    Several explanations of one step share a state.
    """
    subjects = {job.subject_id for job in explanations}
    kept = {position for _, position in _find_states(session, subjects)}
    return {job.id for job in explanations if _position(job) in kept}


def _find_states(
    session: Session, subject_ids: Collection[str | None]
) -> Iterator[tuple[str, _Position]]:
    """Yield ids and positions of the explanations that keep a state, newest first."""
    has_state = select(checkpoints.c.job_id).where(checkpoints.c.job_id == jobs.c.id).exists()
    query = (
        select(jobs.c.id, jobs.c.subject_id, jobs.c.question)
        .where(
            jobs.c.subject_id.in_(subject_ids),
            jobs.c.kind == EXPLANATION,
            jobs.c.status == JobStatus.SUCCEEDED,
            has_state,
        )
        .order_by(jobs.c.id.desc())
    )
    for row in session.execute(query).all():
        yield row.id, (row.subject_id, row.question["fold"], row.question["step"])


def _position(job: JobRecord) -> _Position:
    question = job.question or {}
    return job.subject_id, question["fold"], question["step"]
