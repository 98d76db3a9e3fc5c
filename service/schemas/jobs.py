"""Schemas of jobs: the requested training, its progress and its results."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    RootModel,
    StringConstraints,
    model_validator,
)

from engine.metrics import Metric
from engine.specs import MAX_EXACT_INTEGER, ResolvedSpec, TargetNames, TrainingSpec
from service.schemas.common import Body, Name, Text, View, _storable
from service.schemas.webhooks import WebhookRequest
from store.statuses import JobStatus, StatusReason

MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=512), AfterValidator(_storable)]


Id = Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:@+=-]{1,255}$")]


Label = str | bool | int | float
# Of one target; of several labels by target name.
Classes = list[Label] | dict[str, list[Label]]

RetryFrom = Literal["checkpoint", "start"]


class StartFrom(Body):
    """The initial weights of a training, with their preprocessing."""

    model_id: Id | None = Field(
        default=None, description="Start from a model; alternatively set job_id."
    )
    job_id: Id | None = Field(
        default=None,
        description="Start from the model of a job that has ended, else from a checkpoint of the "
        "job. The optimizer's state starts anew.",
    )
    steps: int | None = Field(
        default=None,
        ge=0,
        le=MAX_EXACT_INTEGER - 1,
        description="Start from the job's checkpoint after this many steps. Default: the job's "
        "model if it has one, else its last checkpoint.",
    )

    @model_validator(mode="after")
    def _require_one_source(self) -> Self:
        if (self.model_id is None) == (self.job_id is None):
            msg = "set either model_id or job_id"
            raise ValueError(msg)
        if self.steps is not None and self.job_id is None:
            msg = "steps requires job_id"
            raise ValueError(msg)
        return self


class StartedFrom(View):
    """Source of a job's initial weights; a checkpoint was saved as a partial model."""

    model_id: str
    job_id: str | None = None
    steps: int | None = None


class JobRequest(TrainingSpec):
    """A training job; dataset_id is required, and target except for the task reconstruction."""

    dataset_id: Id
    target: TargetNames[Text] | None = Field(
        default=None,
        description=TrainingSpec.model_fields["target"].description,
        examples=TrainingSpec.model_fields["target"].examples,
    )
    name: Name = ""
    metadata: dict[MetadataKey, MetadataValue] = Field(default={}, max_length=32)
    priority: int = Field(
        default=0, ge=-100, le=100, description="Jobs with a higher priority start first."
    )
    external_id: ExternalId | None = Field(
        default=None, description="The client's unique id of the job."
    )
    webhook: WebhookRequest | None = Field(
        default=None, description="Webhook that receives the job's events."
    )
    start_from: StartFrom | None = Field(
        default=None,
        description="Continue training from a model or a checkpoint of another job: the job "
        "takes over its network, loss, features and preprocessing, and starts from its weights.",
    )


class StoredSpec(RootModel[dict[str, JsonValue]]):
    """A spec of a later version than this service reads, as it is stored."""


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
    """The metrics of the latest epoch and of the best one; `epoch` is the epoch, counted from 0."""

    latest: dict[str, int | Metric] | None
    best: dict[str, int | Metric] | None = Field(
        description="Of the epoch with the best early-stopping metric; without early stopping, "
        "with the lowest validation loss, or training loss without validation rows."
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
        "same weights did not diverge; null if no trial succeeded.",
    )


class TransitionView(View):
    """A status, its reason and its start time."""

    status: JobStatus
    reason: StatusReason | None
    at: datetime


class FindingView(View):
    """An observation about a job's request, its data or its training."""

    level: Literal["error", "warning", "info"]
    pointer: str = Field(description="JSON pointer into the job's request.")
    code: str = Field(description="Short stable name; a job has one per code and pointer.")
    detail: str
    fix: dict[str, JsonValue] | None = Field(
        default=None,
        description="Changes after which the finding is gone, or that choose the alternative: "
        "`patch`, a JSON Patch (RFC 6902) of the job's request, or `parameters`, query parameters "
        "of the dataset's upload; null without a remedy.",
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
    findings: list[FindingView] = Field(
        description="Everything that `validate` finds, and what only the rows and the training "
        "show, such as a class without training rows."
    )
    cross_validation: CrossValidationView | None = Field(
        description="Set once all folds are finished; null without folds."
    )
    model_id: str | None
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


class LayerView(View):
    """Statistics of a layer in the last step of an epoch."""

    name: str
    gradient_norm: float | None = Field(
        description="Euclidean norm of the layer's part of the step's gradient, before clipping: "
        "the root of the sum of the layers' squares is `gradient_norm` of the epoch. Null if it is "
        "not finite."
    )
    update_ratio: float | None = Field(
        description="‖Δw‖ / ‖w‖; about 0.001 is healthy. Null while w is zero, or if not finite."
    )
    dead_units: float | None = Field(description="Share of relu units silent for every row.")


class CheckpointView(View):
    """A checkpoint: the job can resume from it, and another job can start from it."""

    epoch: int = Field(description="Finished epochs.")
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


class CheckpointsView(View):
    """The stored checkpoints of a job, oldest first."""

    data: list[CheckpointView]


class LossView(View):
    """Losses and metrics of one epoch, counted from 0."""

    epoch: int
    loss: float = Field(
        description="Weighted mean of the loss over the training rows, accumulated while the "
        "weights change, without penalties. In the scaled target's unit: standard deviations of a "
        "standardized target, or their squares."
    )
    validation_loss: float | None = Field(
        description="Weighted mean of the loss over the validation rows at the end of the epoch, "
        "in the unit of `loss`; null without such rows."
    )
    metrics: dict[str, Metric] = Field(
        description="Metrics by name, of numbers in the target's own unit; `penalty` is the sum of "
        "the l1 and l2 terms."
    )
    learning_rate: float = Field(description="Of the epoch's last step, by the schedule.")
    gradient_norm: float | None = Field(
        description="Euclidean norm of the gradient of the objective (loss and penalties) in the "
        "epoch's last step, at the weights before that step and before clipping. Null if it is "
        "infinite or not a number: a gradient beyond the dtype that clipping or the optimizer "
        "still made a finite step of."
    )
    seconds: float
    layers: list[LayerView] = Field(description="Statistics per layer at the end of the epoch.")


class PartRowsView(View):
    """Rows of each part of a training; null where only the rows show how many."""

    training: int | None = Field(description="With folds, of the final network.")
    validation: int | None = Field(description="With folds, of the largest fold; 0 without.")
    test: int | None = Field(description="0 without a test part.")


class ValidationView(View):
    """Result of validating a job request; nothing was stored."""

    valid: bool
    spec: SpecView | None
    in_features: int | None
    out_features: int | None
    parameter_count: int | None
    memory_bytes: int | None
    rows: PartRowsView | None = Field(description="Null if the request is not valid.")
    findings: list[FindingView]
