"""Jobs on the wire: the training that is asked for, and how it goes."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from engine.metrics import Metric
from engine.specs import ResolvedSpec, TrainingSpec
from service.schemas.common import Body, Name, Text, View, _storable
from service.schemas.webhooks import WebhookRequest
from store.statuses import JobStatus, StatusReason

MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=512), AfterValidator(_storable)]


Id = Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:@+=-]{1,255}$")]


RetryFrom = Literal["checkpoint", "start"]


class StartFrom(Body):
    """Weights, and the preprocessing before them, that a training begins with."""

    model_id: Id | None = Field(default=None, description="A model; or say job_id.")
    job_id: Id | None = Field(default=None, description="A job of which checkpoints are kept.")
    steps: int | None = Field(
        default=None,
        ge=0,
        le=2**53 - 1,
        description="Which of the job's checkpoints; default: the last.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.model_id is None) == (self.job_id is None):
            msg = "name either model_id or job_id"
            raise ValueError(msg)
        if self.steps is not None and self.job_id is None:
            msg = "steps belong to a job_id"
            raise ValueError(msg)
        return self


class StartedFrom(View):
    """Where a job's first weights came from; a checkpoint was kept as a partial model for it."""

    model_id: str
    job_id: str | None = None
    steps: int | None = None


class JobRequest(TrainingSpec):
    """A training to be done; everything but dataset_id and target has a default."""

    dataset_id: Id
    target: Text
    name: Name = ""
    metadata: dict[MetadataKey, MetadataValue] = Field(default={}, max_length=32)
    priority: int = Field(default=0, ge=-100, le=100, description="Higher goes first.")
    external_id: ExternalId | None = Field(
        default=None, description="The client's own name for the job; no two jobs have the same."
    )
    webhook: WebhookRequest | None = Field(
        default=None, description="Whom to tell of the job's events."
    )
    start_from: StartFrom | None = Field(
        default=None,
        description="Train a model, or another job's checkpoint, further: its network, loss, "
        "features and preprocessing are the job's, and its weights are where the job begins.",
    )


class SpecView(ResolvedSpec):
    """The training as it is done, with every default filled in."""

    dataset_id: str


class ProgressView(View):
    """How far a job is."""

    epoch: int = Field(description="Epochs finished of the network under way.")
    epochs: int = Field(description="That it is trained for at most.")
    fold: int | None = Field(
        description="Which fold the network under way is trained without, from 0; null for the "
        "network that is left in the end."
    )
    folds: int | None = Field(description="How many there are; null without cross-validation.")
    fraction: float = Field(description="Of all epochs, those of the folds counted in.")
    steps: int
    samples_per_second: float | None
    eta_seconds: float | None
    epochs_since_best: int


class TimingsView(View):
    """Where the time went, in seconds."""

    queued: float | None
    preparing: float
    training: float
    saving: float


class MetricsView(View):
    """The metrics of the latest epoch and of the best one."""

    latest: dict[str, Metric] | None
    best: dict[str, Metric] | None


class FoldMetric(View):
    """One metric of the rows held out, over the folds."""

    mean: float
    std: float = Field(description="Root of the mean squared deviation from the mean.")
    values: list[float | None] = Field(description="Fold by fold; null where it is undefined.")


class CrossValidationView(View):
    """What the folds have come to: at each one's best epoch if the best is kept, else its last."""

    folds: int
    metrics: dict[str, FoldMetric] = Field(
        description="loss and every metric of a single number, of the rows held out."
    )


class JobError(View):
    """Why a job failed."""

    code: str
    message: str
    data: dict[str, JsonValue] = Field(default={})


class TransitionView(View):
    """A state, why, and since when."""

    status: JobStatus
    reason: StatusReason | None
    at: datetime


class JobView(View):
    """One training: what a client polls."""

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
    spec: SpecView
    start_from: StartedFrom | None
    progress: ProgressView
    timings: TimingsView
    metrics: MetricsView
    cross_validation: CrossValidationView | None = Field(
        description="Once all folds are done; null without folds."
    )
    model_id: str | None
    error: JobError | None
    attempt: int
    environment: dict[str, Any] | None = Field(
        description="NumPy, BLAS, kernel and threads it was trained with; null until the first "
        "progress is stored."
    )
    exact: bool = Field(
        description="Whether all of it was trained on machines with equal environments, so that "
        "it repeats to the same bits; after a resume on another one it is false."
    )
    transitions: list[TransitionView]
    links: dict[str, str]


class LayerView(View):
    """One layer in the epoch's last step."""

    name: str
    gradient_norm: float | None = Field(
        description="Euclidean length of its gradient after clipping; null if it is not finite."
    )
    update_ratio: float | None = Field(
        description="‖Δw‖ / ‖w‖; about 0.001 is healthy. Null while w is zero, or if not finite."
    )
    dead_units: float | None = Field(description="Share of relu units silent for every row.")


class CheckpointView(View):
    """Where a job can be gone on from, or another one can start."""

    epoch: int = Field(description="Epochs finished.")
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


class CheckpointsView(View):
    """The checkpoints that are kept of a job, oldest first."""

    data: list[CheckpointView]


class LossView(View):
    """One epoch, counted from 0."""

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, Metric]
    learning_rate: float
    gradient_norm: float | None = Field(
        description="Euclidean length of the epoch's last gradient before clipping; null if it "
        "is infinite or not a number: a gradient beyond the dtype that clipping or the optimizer "
        "still made a finite step of."
    )
    seconds: float
    layers: list[LayerView] = Field(description="How each layer is doing at the epoch's end.")


class FindingView(View):
    """Something worth knowing about a job before it is posted."""

    level: Literal["error", "warning", "info"]
    pointer: str
    code: str
    detail: str


class ValidationView(View):
    """What posting this job would do; nothing was stored."""

    valid: bool
    spec: SpecView | None
    in_features: int | None
    out_features: int | None
    parameter_count: int | None
    memory_bytes: int | None
    findings: list[FindingView]
