"""Events of a job on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from service.schemas.common import View


class EventView(View):
    """Something that has happened to a job; docs/events.md lists the types and their data."""

    id: int = Field(description="Of the events of one job, a later one has the greater id.")
    at: datetime
    level: Literal["info", "warning", "error"]
    type: str = Field(examples=["created", "claimed", "epoch", "succeeded"])
    data: dict[str, JsonValue]
