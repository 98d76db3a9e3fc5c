"""Schemas of replays: a whole training is repeated and its result compared."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from service.schemas.common import View
from service.schemas.jobs import DigestView, JobError
from store.statuses import JobStatus, StatusReason

Part = Literal["inputs", "result", "losses", "weights", "cross_validation"]


class WorkProgressView(View):
    """Steps that are repeated."""

    steps_done: int = Field(description="Steps repeated so far.")
    steps: int = Field(description="Steps to repeat in all.")
    fraction: float = Field(description="Finished fraction, from 0 to 1.")


class VerdictView(View):
    """Whether a replay has repeated the stored result of a job."""

    identical: bool = Field(description="Whether nothing differs, bit for bit.")
    differs: list[Part] = Field(
        description="Everything that differs: the digests of `inputs` and `result`, the stored "
        "`losses` (every epoch's loss, validation loss, metrics and learning rate), the stored "
        "`weights`, which also differ if they are damaged, and the results of the folds."
    )
    first_differing_epoch: int | None = Field(
        description="First epoch, from 0, whose stored losses differ, or that only one of both "
        "has; null if the losses are identical."
    )
    divergence: str | None = Field(
        description="Why the replay could not go on, if it diverged where the job did not."
    )
    digest: DigestView = Field(description="Digest of the replay.")
    expected: DigestView = Field(description="Digest of the job.")


class ReplayView(View):
    """A replay of a whole job, by a worker whose environment gives equal bits."""

    id: str = Field(description="Id of this work.")
    job_id: str = Field(description="The job that is repeated.")
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
    worker: str | None = Field(description="Worker that repeats the steps, or did last.")
    verdict: VerdictView | None = Field(
        description="The result, once the status is `succeeded`; nothing else is kept."
    )
    error: JobError | None = Field(description="Why it failed; null unless it has.")
    attempt: int = Field(description="Number of the attempt, from 1; 0 before.")
    links: dict[str, str] = Field(
        description="`self`, `job`, and the commands that the status allows."
    )
