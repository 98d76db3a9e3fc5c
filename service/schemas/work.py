"""Schemas that replays and explanations have in common: work about another job."""

from datetime import datetime
from typing import Any

from pydantic import Field

from service.schemas.common import View
from service.schemas.jobs import JobError
from store.statuses import JobStatus, StatusReason


class WorkProgressView(View):
    """Steps that are repeated."""

    steps_done: int = Field(description="Steps repeated so far.")
    steps: int = Field(
        description="Steps to repeat in all; a lower bound while the length of a fold is unknown."
    )
    fraction: float = Field(description="Finished fraction, from 0 to 1.")


class WorkView(View):
    """Leased work that repeats steps of a job."""

    id: str = Field(description="Id of this work.")
    job_id: str = Field(description="The job whose steps are repeated.")
    status: JobStatus = Field(description="Status, as of a job.")
    is_terminal: bool = Field(description="Whether the status is final.")
    status_reason: StatusReason | None = Field(description="Reason of the status, if known.")
    created_at: datetime = Field(description="Time of the request.")
    started_at: datetime | None = Field(description="Time at which a worker first began.")
    finished_at: datetime | None = Field(description="Time of the end; null before.")
    progress: WorkProgressView = Field(description="Steps repeated so far, and in all.")
    environment: dict[str, Any] | None = Field(
        description="Environment in which the steps are repeated; null before the first progress."
    )
    error: JobError | None = Field(description="Why it failed; null unless it has.")
    attempt: int = Field(description="Number of the attempt, from 1; 0 before.")
