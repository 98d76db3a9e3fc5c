"""Commands on a job: cancel, pause, resume, retry."""

from functools import partial
from typing import Any, Protocol

from service.context import Context
from service.schemas.jobs import JobView
from service.serializers.jobs import view
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.retry import retry_training
from store.jobs.transitions import list_transitions
from store.quotas import check_unfinished_jobs
from store.statuses import TRAINING, JobStatus


class _Change(Protocol):
    def __call__(self, session: Any, job_id: str, /) -> JobRecord: ...  # noqa: ANN401 - the store's


def cancel(context: Context, job_id: str) -> JobView:
    """Cancel the job, keeping its weights. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, job_id, partial(cancel_job, kind=TRAINING))


def pause(context: Context, job_id: str) -> JobView:
    """Pause the job at its next step. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, job_id, partial(pause_job, kind=TRAINING))


def resume(context: Context, job_id: str) -> JobView:
    """Resume a paused job. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, job_id, partial(resume_job, kind=TRAINING))


def retry(context: Context, job_id: str, *, from_start: bool) -> JobView:
    """Try a failed job again. Raises NotFoundError, IllegalTransitionError, LimitReachedError."""
    limit = context.settings.max_unfinished_jobs
    return _change(context, job_id, partial(_retry, limit=limit, from_start=from_start))


def _retry(session: Any, job_id: str, *, limit: int, from_start: bool) -> JobRecord:  # noqa: ANN401 - the store's
    job = get_job(session, job_id, TRAINING)
    # Before the row is locked: a post that starts from the job's checkpoint locks in this order.
    if job.status is JobStatus.FAILED:
        check_unfinished_jobs(session, limit, job.owner)
    return retry_training(session, job_id, from_start=from_start)


def _change(context: Context, job_id: str, change: _Change) -> JobView:
    with context.database.writing() as session:
        job = change(session, job_id)
        transitions = list_transitions(session, job_id)[job_id]
    # A job between two slices has no worker who would see the change, and a queued one needs one.
    context.notify(job_id)
    return view(job, transitions)
