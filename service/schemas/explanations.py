"""Schemas of explanations: work that reaches a step too far away for one request."""

from datetime import datetime
from typing import Any

from pydantic import Field, JsonValue

from service.schemas.common import View
from service.schemas.jobs import JobError
from service.schemas.replays import WorkProgressView
from store.statuses import JobStatus, StatusReason


class WorkPositionView(View):
    """The step that is asked about."""

    fold: int | None = Field(
        description="Index of the fold over all repeats, from 0; null for the final network."
    )
    step: int = Field(description="Index of the step over the training of its network, from 0.")
    from_step: int = Field(
        description="Steps done, over all networks, in the kept state that the way begins at."
    )


class ExplanationView(View):
    """Work that repeats a training up to a step and keeps its state there for the answer."""

    id: str = Field(description="Id of this work.")
    job_id: str = Field(description="The job that is explained.")
    status: JobStatus = Field(description="Status, as of a job.")
    is_terminal: bool = Field(description="Whether the status is final.")
    status_reason: StatusReason | None = Field(description="Reason of the status, if known.")
    created_at: datetime = Field(description="Time of the request.")
    started_at: datetime | None = Field(description="Time at which a worker first began.")
    finished_at: datetime | None = Field(description="Time of the end; null before.")
    position: WorkPositionView = Field(description="The step, and where the way to it begins.")
    request: dict[str, JsonValue] = Field(description="The request about the step.")
    progress: WorkProgressView = Field(
        description="Steps that are repeated; `steps` is a lower bound while the length of a fold "
        "is unknown."
    )
    environment: dict[str, Any] | None = Field(
        description="Environment in which the steps are repeated; null before the first progress."
    )
    exact: bool | None = Field(
        description="Whether the state has the bits that the job had there; null before the end."
    )
    inexact_because: str | None = Field(description="Why it may have other bits.")
    is_kept: bool = Field(
        description="Whether the state is kept. Four are kept per job, the newest; without it, "
        "ask again."
    )
    error: JobError | None = Field(description="Why it failed; null unless it has.")
    attempt: int = Field(description="Number of the attempt, from 1; 0 before.")
    links: dict[str, str] = Field(description="`answer` is there while the state is kept.")
