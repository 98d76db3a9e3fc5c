"""Schema of job events."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from service.schemas.common import View


class EventView(View):
    """An event of a job; docs/events.md lists the types and their data."""

    id: int = Field(description="Increasing per job: a later event has a greater id.")
    at: datetime
    level: Literal["info", "warning", "error"]
    type: str = Field(examples=["created", "claimed", "epoch", "succeeded"])
    data: dict[str, JsonValue]
