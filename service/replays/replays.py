"""Queries of replays, and commands on them."""

from typing import Any, Protocol

from service.context import Context
from service.schemas.replays import ReplayView
from service.serializers.replays import replay_view
from store.db.pagination import Page, PageRequest
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.events import find_job_versions
from store.jobs.jobs import JobRecord, get_job
from store.jobs.subjects import list_jobs_about
from store.statuses import REPLAY, TRAINING


class _Command(Protocol):
    def __call__(self, session: Any, job_id: str, kind: str, /) -> JobRecord: ...  # noqa: ANN401 - the store's


def get(context: Context, replay_id: str) -> ReplayView:
    """Return the replay. Raises NotFoundError."""
    with context.database.reading() as session:
        return _views(session, get_job(session, replay_id, REPLAY))[0]


def page(context: Context, job_id: str | None, request: PageRequest) -> Page[ReplayView]:
    """Return one page of the replays of a job, or of all jobs."""
    with context.database.reading() as session:
        found = list_jobs_about(session, REPLAY, job_id, request)
        return Page(tuple(_views(session, *found.items)), found.next)


def cancel(context: Context, replay_id: str) -> ReplayView:
    """Cancel the replay. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, replay_id, cancel_job)


def pause(context: Context, replay_id: str) -> ReplayView:
    """Pause the replay at its next step. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, replay_id, pause_job)


def resume(context: Context, replay_id: str) -> ReplayView:
    """Resume a paused replay. Raises NotFoundError, IllegalTransitionError."""
    return _change(context, replay_id, resume_job)


def _change(context: Context, replay_id: str, command: _Command) -> ReplayView:
    with context.database.writing() as session:
        view = _views(session, command(session, replay_id, REPLAY))[0]
    context.notify(replay_id)
    return view


def _views(session: Any, *replays: JobRecord) -> list[ReplayView]:  # noqa: ANN401 - the store's
    """Return the views of replays, with the numbers of steps of their jobs."""
    jobs = find_job_versions(session, [str(replay.subject_id) for replay in replays], TRAINING)
    return [replay_view(replay, jobs[str(replay.subject_id)].steps) for replay in replays]
