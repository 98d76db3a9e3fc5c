"""Events of a job, as pages and as a stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from anyio import to_thread
from fastapi.sse import KEEPALIVE_COMMENT

from service.context import Context
from service.runtime.event_broadcast import AWAY_SECONDS
from service.schemas.events import EventView
from service.serializers.events import encode_event, event_view
from store.db.pagination import Order, Page
from store.errors import StoreUnavailableError
from store.jobs.events import EventLog, list_events, read_log
from store.statuses import TRAINING

KEEP_ALIVE_SECONDS = 15.0
EVENTS_AT_ONCE = 100


def page(
    context: Context, job_id: str, after: int | None, limit: int, order: Order
) -> Page[EventView]:
    """Return one page of the job's events. Raises NotFoundError."""
    with context.database.reading() as session:
        found = list_events(session, job_id, TRAINING, after, limit, order)
    return found.map(event_view)


def open_stream(context: Context, job_id: str, after: int) -> AsyncIterator[bytes] | None:
    """Stream the job's events after this one, past and future; None if there are none to come.

    Events follow one another by their ids: that event itself may have been thinned out. Raises
    NotFoundError.
    """
    with context.database.reading() as session:
        log = read_log(session, job_id, TRAINING, after, EVENTS_AT_ONCE)
    if log.is_complete and not log.events:
        return None
    return _stream(context, job_id, after, log)


async def _stream(context: Context, job_id: str, after: int, log: EventLog) -> AsyncIterator[bytes]:
    """Yield pages from the database, then events of the subscription while the client keeps up."""
    while not context.feeds.is_closed:
        if log.events:
            yield b"".join(encode_event(event) for event in log.events)
            after = log.events[-1].id
        elif log.more:
            # The database is unavailable.
            yield KEEPALIVE_COMMENT
        if log.is_complete:
            return
        if not log.more:
            with context.feeds.watch(job_id, after) as feed:
                while (fresh := feed.since(after)) is not None:
                    if fresh:
                        yield b"".join(event.text for event in fresh)
                        after = fresh[-1].id
                    if feed.is_complete(after) or context.feeds.is_closed:
                        return
                    if not await feed.changed(after, KEEP_ALIVE_SECONDS):
                        yield KEEPALIVE_COMMENT
        log = await _read_next(context, job_id, after, log)


async def _read_next(context: Context, job_id: str, after: int, log: EventLog) -> EventLog:
    """Read the next page; empty but with `more` set while the database is unavailable."""

    def read() -> EventLog:
        with context.database.reading() as session:
            return read_log(session, job_id, TRAINING, after, EVENTS_AT_ONCE)

    try:
        return await to_thread.run_sync(read, limiter=context.feeds.catch_up_limiter)
    except StoreUnavailableError:
        await asyncio.sleep(AWAY_SECONDS)
        return replace(log, events=(), more=True)
