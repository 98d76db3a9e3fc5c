"""Events as clients see them: in pages, and as server-sent events."""

from fastapi.sse import format_sse_event

from service.schemas.events import EventView
from store.jobs.events import EventRecord


def event_view(event: EventRecord) -> EventView:
    """The event as the client sees it."""
    return EventView(id=event.id, at=event.at, level=event.level, type=event.type, data=event.data)


def encode_event(event: EventRecord) -> bytes:
    """The event as a server-sent event; its data are what a page would show of it."""
    return format_sse_event(
        data_str=event_view(event).model_dump_json(), event=event.type, id=str(event.id)
    )
