"""Queries of explanations, and their cancellation."""

from service.context import Context
from service.schemas.explanations import ExplanationView
from service.serializers.explanations import explanation_view
from store.db.pagination import Page, PageRequest
from store.jobs.commands import cancel_job
from store.jobs.explanation.finish import find_kept_states
from store.jobs.jobs import get_job
from store.jobs.subjects import list_jobs_about
from store.statuses import EXPLANATION


def get(context: Context, explanation_id: str) -> ExplanationView:
    """Return the explanation. Raises NotFoundError."""
    with context.database.reading() as session:
        job = get_job(session, explanation_id, EXPLANATION)
        return explanation_view(job, has_state=bool(find_kept_states(session, [job])))


def page(context: Context, job_id: str | None, request: PageRequest) -> Page[ExplanationView]:
    """Return one page of the explanations of a job, or of all jobs."""
    with context.database.reading() as session:
        found = list_jobs_about(session, EXPLANATION, job_id, request)
        kept = find_kept_states(session, found.items)
    return found.map(lambda job: explanation_view(job, has_state=job.id in kept))


def cancel(context: Context, explanation_id: str) -> ExplanationView:
    """Cancel the explanation. Raises NotFoundError, IllegalTransitionError."""
    with context.database.writing() as session:
        view = explanation_view(cancel_job(session, explanation_id, EXPLANATION), has_state=False)
    context.notify(explanation_id)
    return view
