"""Events to response schemas and server-sent events."""

from fastapi.sse import format_sse_event

from service.schemas.events import EventView
from store.jobs.events import EventRecord


def event_view(event: EventRecord) -> EventView:
    """Return the response schema of an event."""
    return EventView(id=event.id, at=event.at, level=event.level, type=event.type, data=event.data)


def encode_event(event: EventRecord) -> bytes:
    """Encode a server-sent event whose data is the event's response schema."""
    return format_sse_event(
        data_str=event_view(event).model_dump_json(), event=event.type, id=str(event.id)
    )
