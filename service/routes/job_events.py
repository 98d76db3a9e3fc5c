"""/v1/jobs/{id}/events: what has happened to a job, page by page or as it happens."""

import re
from contextlib import aclosing
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Response
from fastapi.sse import EventSourceResponse
from starlette.types import Send

from service.context import ContextDep
from service.http.problems import problems
from service.jobs import events
from service.schemas.common import JobId, Limit, Order, PageView
from service.schemas.events import EventView
from store.jobs.events import MAX_EVENT_ID

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EVENT_STREAM = EventSourceResponse.media_type
STREAM_RESPONSE = {
    "description": "A page of events; or, when text/event-stream is asked for, a stream of them, "
    "whose `data` are an EventView each, and which ends when the job has ended.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


class _Stream(EventSourceResponse):
    async def stream_response(self, send: Send) -> None:
        """Leave the job's feed as soon as the client has gone, not when memory is tidied up."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


@router.get(
    "/{job_id}/events",
    response_model=PageView[EventView],
    responses={
        200: STREAM_RESPONSE,
        204: {
            "description": "A stream was asked for that would have no events: the job has ended."
        },
        **problems(404, 422, 503),
    },
)
async def list_events(
    context: ContextDep,
    job_id: JobId,
    limit: Limit = 50,
    after: Annotated[
        int | None, Query(ge=0, le=MAX_EVENT_ID, description="Events after this one.")
    ] = None,
    order: Order = "asc",
    accept: Annotated[str, Header()] = "application/json",
    last_event_id: Annotated[
        str,
        Header(description="Of a stream: it goes on after this event; from nowhere, it begins."),
    ] = "",
) -> PageView[EventView] | Response:
    """What has happened to a job, oldest first unless asked otherwise.

    With `Accept: text/event-stream` events are sent as they happen, those of the past first; limit
    and order are of pages only.
    """
    if _wants_stream(accept):
        return await _stream(context, job_id, _known_event(last_event_id, after))
    page = await to_thread.run_sync(events.page, context, job_id, after, limit, order)
    return PageView(data=list(page.items), has_more=page.next is not None, next=page.next)


async def _stream(context: ContextDep, job_id: str, after: int) -> Response:
    # A thousand listeners may come at once, after a restart: other requests have other threads.
    found = await to_thread.run_sync(
        events.open_stream, context, job_id, after, limiter=context.feeds.catching_up
    )
    if found is None:
        # An EventSource that is answered 204 does not come again.
        return Response(status_code=204)
    # The second header is for proxies that would collect an answer before they pass it on.
    return _Stream(found, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


def _known_event(last_event_id: str, after: int | None) -> int:
    """The event to go on after; a client that reconnects repeats the query of its first request."""
    if not last_event_id:
        return after or 0
    return int(last_event_id) if re.fullmatch(r"[0-9]{1,18}", last_event_id) else 0


def _wants_stream(accept: str) -> bool:
    kinds = [kind.partition(";")[0].strip().lower() for kind in accept.split(",")]
    return EVENT_STREAM in kinds
