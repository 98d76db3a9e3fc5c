"""Queries of jobs, their checkpoints and losses."""

from service.context import Context
from service.schemas.epochs import CheckpointsView
from service.schemas.jobs import JobView, ListedJobView
from service.serializers.jobs import checkpoint_view, listed_view, view
from store.db.pagination import Page, PageRequest
from store.errors import NotFoundError
from store.jobs.jobs import JobFilter, JobRecord, find_external_job
from store.jobs.listing import list_short_jobs
from store.jobs.training.checkpoints import list_training_checkpoints
from store.jobs.training.losses import LossPage, list_losses
from store.jobs.transitions import TransitionRecord, list_transitions
from store.statuses import TRAINING


def find_by_external_id(
    context: Context, external_id: str
) -> tuple[JobRecord, list[TransitionRecord]] | None:
    """Return the job with this external id and its transitions, or None."""
    with context.database.reading() as session:
        job = find_external_job(session, external_id, TRAINING)
        return None if job is None else (job, list_transitions(session, job.id)[job.id])


def get_by_external_id(context: Context, external_id: str) -> JobView:
    """Return the job with this external id. Raises NotFoundError."""
    found = find_by_external_id(context, external_id)
    if found is None:
        raise NotFoundError("job", external_id)
    return view(*found)


def page(context: Context, wanted: JobFilter, request: PageRequest) -> Page[ListedJobView]:
    """Return one page of jobs, without long values."""
    with context.database.reading() as session:
        found = list_short_jobs(session, TRAINING, wanted, request)
        transitions = list_transitions(session, *(job.record.id for job in found.items))
    return found.map(lambda job: listed_view(job, transitions[job.record.id]))


def checkpoints(context: Context, job_id: str) -> CheckpointsView:
    """Return the stored checkpoints of a job. Raises NotFoundError."""
    with context.database.reading() as session:
        found = list_training_checkpoints(session, job_id)
    return CheckpointsView(data=[checkpoint_view(checkpoint) for checkpoint in found])


def losses(context: Context, job_id: str, after: int, limit: int) -> LossPage:
    """Return a page of epochs of a job after `after`. Raises NotFoundError."""
    with context.database.reading() as session:
        return list_losses(session, job_id, after, limit)
