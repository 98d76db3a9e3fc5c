"""Schemas of explanations: work that reaches a step too far away for one request."""

from pydantic import Field, JsonValue

from service.schemas.common import View
from service.schemas.work import WorkView


class WorkPositionView(View):
    """The step that is asked about."""

    fold: int | None = Field(
        description="Index of the fold over all repeats, from 0; null for the final network."
    )
    step: int = Field(description="Index of the step over the training of its network, from 0.")
    from_step: int = Field(
        description="Steps done, over all networks, in the kept state that the way begins at."
    )


class ExplanationView(WorkView):
    """Work that repeats a training up to a step and keeps its state there for the answer."""

    position: WorkPositionView = Field(description="The step, and where the way to it begins.")
    request: dict[str, JsonValue] = Field(description="The request about the step.")
    exact: bool | None = Field(
        description="Whether the state has the bits that the job had there; null before the end."
    )
    inexact_because: str | None = Field(description="Why it may have other bits.")
    is_kept: bool = Field(
        description="Whether the state is kept. Four are kept per job, the newest; without it, "
        "ask again."
    )
    links: dict[str, str] = Field(description="`answer` is there while the state is kept.")
