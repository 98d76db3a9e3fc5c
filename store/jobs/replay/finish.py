"""End of a replay: only its verdict is kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from store.jobs.checkpoints import delete_checkpoints
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.progress import JobProgress, record_progress


def finish_replay(
    session: Session,
    lease: Lease,
    outcome: Outcome,
    progress: JobProgress | None = None,
    verdict: Mapping[str, Any] | None = None,
) -> JobRecord:
    """Store the verdict, delete the checkpoints, and end the replay. Raises LeaseLostError."""
    if progress is None:
        job = update_held_job(session, lease)
    else:
        job = record_progress(session, lease, progress)
    delete_checkpoints(session, job.id)
    results = {} if verdict is None else {"result": dict(verdict)}
    return finish_job(session, lease, job, outcome, results)
