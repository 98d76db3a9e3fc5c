"""Polling a job: what costs little when nothing has changed, and can wait until something has."""

from anyio import to_thread

from service.context import Context
from service.etags import event_tag, names_tag
from service.job_views import view
from store.errors import NotFoundError
from store.events import JobMark, find_mark
from store.jobs import get_job
from store.transitions import list_transitions


async def poll(
    context: Context, job_id: str, seconds: float, if_none_match: str | None
) -> tuple[str, bytes | None]:
    """The tag of the job's state, and the job as JSON; None if the client knows that state.

    Waits so long for a change if the job has not ended and the client knows no older state; no
    thread is held meanwhile. Raises NotFoundError.
    """
    if seconds:
        mark = await to_thread.run_sync(_read_mark, context, job_id, limiter=context.pollers)
        if not mark.status.is_terminal and _is_newest(mark, if_none_match):
            await context.feeds.wait(job_id, mark.event_id, seconds)
    return await to_thread.run_sync(_read, context, job_id, if_none_match, limiter=context.pollers)


def _is_newest(mark: JobMark, if_none_match: str | None) -> bool:
    """Whether the client knows this state, or says nothing of what it knows."""
    return if_none_match is None or names_tag(if_none_match, event_tag(mark.event_id))


def _read_mark(context: Context, job_id: str) -> JobMark:
    with context.database.reading() as session:
        mark = find_mark(session, job_id)
    if mark is None:
        raise NotFoundError("job", job_id)
    return mark


def _read(context: Context, job_id: str, if_none_match: str | None) -> tuple[str, bytes | None]:
    with context.database.reading() as session:
        # The mark first: a job that is newer than its mark is read once too often, at worst.
        mark = find_mark(session, job_id)
        if mark is None:
            raise NotFoundError("job", job_id)
        tag = event_tag(mark.event_id)
        if names_tag(if_none_match, tag):
            return tag, None
        answer = context.rendered.find(job_id, mark)
        if answer is not None:
            return tag, answer
        job, transitions = get_job(session, job_id), list_transitions(session, job_id)[job_id]
    answer = view(job, transitions).model_dump_json().encode()
    context.rendered.keep(job_id, mark, answer)
    return tag, answer
