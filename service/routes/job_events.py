"""/v1/jobs/{id}/events: the events of a job, as pages or as a stream."""

import re
from contextlib import aclosing
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Response
from fastapi.sse import EventSourceResponse
from starlette.types import Send

from service.context import ContextDep
from service.http.api_route import ApiRoute
from service.http.media_types import JSON, choose
from service.http.problems import problems
from service.jobs import events
from service.schemas.common import JobId, Limit, Order, PageView
from service.schemas.events import EventView
from store.jobs.events import MAX_EVENT_ID

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ApiRoute)

EVENT_STREAM = EventSourceResponse.media_type
STREAM_RESPONSE = {
    "description": "A page of events; or, with `Accept: text/event-stream`, a stream of "
    "server-sent events whose `data` is an EventView. The stream ends when the job has ended.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


class _Stream(EventSourceResponse):
    async def stream_response(self, send: Send) -> None:
        """Close the iterator when the client disconnects, rather than at garbage collection."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


@router.get(
    "/{job_id}/events",
    response_model=PageView[EventView],
    responses={
        200: STREAM_RESPONSE,
        204: {
            "description": "Stream requested, but the job has ended: there are no further events."
        },
        **problems(404, 422, 503),
    },
)
async def list_events(
    context: ContextDep,
    job_id: JobId,
    limit: Limit = 50,
    after: Annotated[
        int | None, Query(ge=0, le=MAX_EVENT_ID, description="Return events after this id.")
    ] = None,
    order: Order = "asc",
    accept: Annotated[str, Header()] = "application/json",
    last_event_id: Annotated[
        str,
        Header(
            description="Stream: continue after this id, whether or not its event is still "
            "there; anything else than a number starts at the beginning."
        ),
    ] = "",
) -> PageView[EventView] | Response:
    """List the events of a job, oldest first by default.

    With `Accept: text/event-stream` the response is a stream: past events first, then new ones as
    they occur. `limit` and `order` apply to pages only.
    """
    if _wants_stream(accept):
        return await _stream(context, job_id, _last_seen_event(last_event_id, after))
    page = await to_thread.run_sync(events.page, context, job_id, after, limit, order)
    return PageView.of(page)


async def _stream(context: ContextDep, job_id: str, after: int) -> Response:
    # A limiter of its own: after a restart a thousand clients may reconnect at once, and other
    # requests must still get threads.
    found = await to_thread.run_sync(
        events.open_stream, context, job_id, after, limiter=context.feeds.catch_up_limiter
    )
    if found is None:
        # An EventSource does not reconnect after a 204.
        return Response(status_code=204)
    # X-Accel-Buffering keeps proxies from buffering the response.
    return _Stream(found, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


def _last_seen_event(last_event_id: str, after: int | None) -> int:
    """Return the event to continue after: Last-Event-ID, else `after`.

    A client that reconnects repeats the query of its first request, so the header takes precedence.
    """
    if not last_event_id:
        return after or 0
    return int(last_event_id) if re.fullmatch(r"[0-9]{1,18}", last_event_id) else 0


def _wants_stream(accept: str) -> bool:
    # A client that reads streams names their media type; `*/*` is every other client's header.
    offered = (EVENT_STREAM, JSON)
    return choose(accept, offered, only_named=(EVENT_STREAM,)) == EVENT_STREAM
