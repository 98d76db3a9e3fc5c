"""Schemas of jobs: their spec, progress, findings and results."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue, RootModel

from engine.metrics import Metric
from engine.specs import ResolvedSpec
from service.schemas.common import View
from service.schemas.part_rows import JobRowsView
from store.statuses import JobStatus, StatusReason

Label = str | bool | int | float
# Of one target; of several labels by target name.
Classes = list[Label] | dict[str, list[Label]]


class StartedFrom(View):
    """Source of a job's initial weights; a checkpoint was saved as a partial model."""

    model_id: str
    job_id: str | None = None
    steps: int | None = None


class StoredSpec(RootModel[dict[str, JsonValue]]):
    """A spec of a later version than this service reads, as it is stored; or a part of one."""


class SpecView(ResolvedSpec):
    """The resolved training spec, with every default filled in."""

    dataset_id: str


class ProgressView(View):
    """Progress of a job."""

    epoch: int = Field(description="Finished epochs of the network being trained.")
    epochs: int | None = Field(
        description="Maximum number of epochs per network; null if this service cannot read the "
        "spec, see `spec_version`."
    )
    fold: int | None = Field(
        description="Index of the validation fold over all repeats, from 0; null while the final "
        "network is trained."
    )
    folds: int | None = Field(
        description="Number of folds over all repeats; null without cross-validation."
    )
    fraction: float | None = Field(
        description="Finished fraction of all epochs, including those of the folds; null if "
        "`epochs` is null."
    )
    steps: int
    samples_per_second: float | None
    eta_seconds: float | None
    epochs_since_best: int


class TimingsView(View):
    """Duration of each phase, in seconds."""

    queued: float | None
    preparing: float
    training: float
    saving: float


class MetricsView(View):
    """The metrics of the latest epoch and of the best one; `epoch` is the epoch, counted from 0.

    The model has the weights of the best epoch if the job has `early_stopping` with `restore_best`,
    else those of the latest; also those of the latest after folds with early stopping by a
    validation metric, since the final network has no validation rows.
    """

    latest: dict[str, int | Metric] | None = Field(
        description="Of the last finished epoch. The model has its weights unless early "
        "stopping restores the best."
    )
    best: dict[str, int | Metric] | None = Field(
        description="Of the epoch with the best early-stopping metric; without early stopping, "
        "with the lowest validation loss, or training loss without validation rows. The model has "
        "its weights only if early stopping restores the best."
    )
    test: dict[str, Metric] | None = Field(
        description="Of the test rows, for the final weights; null before the end, without a test "
        "part, and for partial models. Nothing is chosen by them."
    )


class FoldMetric(View):
    """One validation metric over the folds."""

    mean: float
    std: float = Field(description="Population standard deviation over the folds.")
    values: list[float | None] = Field(
        description="Value per fold, repeat after repeat; null where undefined."
    )


class CrossValidationView(View):
    """Results of the folds, each at its best epoch if the best is kept, else at its last."""

    folds: int = Field(description="Number of folds over all repeats.")
    metrics: dict[str, FoldMetric] = Field(
        description="Validation loss and every scalar validation metric."
    )


class JobError(View):
    """Why a job failed."""

    code: str
    message: str
    data: dict[str, JsonValue] = Field(
        default={},
        description="Of a diverged job: `epoch`, `step`, `layer`, `last_loss`, `learning_rate` of "
        "that step, and `suggested_learning_rate` of the optimizer, with which a trial from the "
        "same weights did not diverge; null if no trial succeeded; `restores`: number of restores "
        "by `on_divergence`.",
    )


class TransitionView(View):
    """A status, its reason and its start time."""

    status: JobStatus
    reason: StatusReason | None
    at: datetime


class DigestView(View):
    """Hashes of a training: what it computes from, and what it has computed."""

    inputs: str = Field(
        description="sha256 of the resolved spec, the versions of spec and numerics, the datasets' "
        "hashes and those of the initial weights: jobs with equal inputs have equal results in "
        "equal environments, unless a time budget or a cancel ended one of them."
    )
    result: str | None = Field(
        description="sha256 of the model's weights and of every epoch's loss, validation loss, "
        "metrics and learning rate; null without a model. `POST /v1/jobs/{id}/replay` proves it."
    )


class FindingView(View):
    """An observation about a job's request, its data or its training."""

    level: Literal["error", "warning", "info"] = Field(
        description="error (of `validate` only): the request cannot be posted; warning: the "
        "result may not be what was intended; info: a default or a consequence."
    )
    pointer: str = Field(description="JSON pointer into the job's request.")
    code: str = Field(description="Short stable name; a job has one per code and pointer.")
    detail: str = Field(description="Explanation for a person; it counts folds from 1.")
    fix: dict[str, JsonValue] | None = Field(
        default=None,
        description="Changes after which the finding is gone, or that choose the alternative: "
        "`patch`, a JSON Patch (RFC 6902) of the job's request, or `parameters`, query parameters "
        "of the dataset's upload; null without a remedy. Fixes are computed for the request as "
        "sent and may exclude each other: apply one, then validate again.",
    )
    epoch: int | None = Field(
        default=None,
        description="Finished epochs when it was found; null before the first step.",
    )


class JobView(View):
    """A training job."""

    id: str
    status: JobStatus
    is_terminal: bool
    status_reason: StatusReason | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    name: str
    external_id: str | None
    metadata: dict[str, str]
    priority: int
    spec: SpecView | StoredSpec
    spec_version: int = Field(
        description="Version of `spec`. A job of a later version is trained by later workers only; "
        "`retry`, `resume` and `start_from` are 409 `later_version`."
    )
    start_from: StartedFrom | None
    progress: ProgressView
    timings: TimingsView
    metrics: MetricsView
    classes: Classes | None = Field(
        description="The classes in the order of the network's outputs, of metrics per class and "
        "of confusion matrices; of several labels the two classes of each, by target name, the "
        "positive one second; null until the data are prepared, and for numbers."
    )
    rows: JobRowsView | None = Field(
        description="Number of rows of each part; null until the data are prepared, and for jobs "
        "of earlier versions that have ended."
    )
    findings: list[FindingView] = Field(
        description="Everything that `validate` finds, and what only the rows and the training "
        "show, such as a class without training rows."
    )
    cross_validation: CrossValidationView | None = Field(
        description="Set once all folds are finished; null without folds."
    )
    model_id: str | None
    digest: DigestView | None = Field(
        description="Hashes of inputs and result; null for jobs of earlier versions."
    )
    error: JobError | None
    attempt: int
    environment: dict[str, Any] | None = Field(
        description="Environment of the training: versions of the engine's numerics, NumPy and C "
        "library, SIMD instructions, BLAS kernel and threads; null until the first progress is "
        "stored."
    )
    exact: bool = Field(
        description="Whether all steps were trained in equal environments, so that the result is "
        "reproducible bit by bit; false after resuming in a different environment."
    )
    transitions: list[TransitionView]
    links: dict[str, str]


class ListedJobView(JobView):
    """A training job in a list, without values of more than 8 KiB."""

    omitted: list[str] = Field(
        description="Fields with long values, such as `spec` of a job with thousands of columns: "
        "they are null or empty here, and of `spec` there are the short members. `links.self` has "
        "them. Of `transitions`, a list has the last 20."
    )
