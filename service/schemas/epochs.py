"""Schemas of what a job records while it trains: losses, statistics of layers, checkpoints."""

from datetime import datetime

from pydantic import Field

from engine.metrics import Metric
from service.schemas.common import PageView, View


class LayerDiagnosticsView(View):
    """Statistics of a layer in the last step of an epoch."""

    name: str = Field(description="Name of the layer, such as layers.0 or output.")
    gradient_norm: float | None = Field(
        description="Euclidean norm of the layer's part of the step's gradient, before clipping: "
        "the root of the sum of the layers' squares is `gradient_norm` of the epoch. Null if it is "
        "not finite, and for a layer without trained weights."
    )
    update_ratio: float | None = Field(
        description="‖Δw‖ / ‖w‖; about 0.001 is healthy. Null while w is zero, or if not finite."
    )
    dead_units: float | None = Field(description="Share of relu units silent for every row.")
    saturated_units: float | None = Field(
        default=None,
        description="Share of the outputs of a sigmoid, hard_sigmoid, tanh or softsign whose slope "
        "is at most 5 % of the function's largest; null for other activations.",
    )


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
    layers: list[LayerDiagnosticsView] = Field(
        description="Statistics at the end of the epoch, of each layer that is trained, or has "
        "units that can be dead or saturated."
    )


THINNED = (
    "Whether epochs of this training are no longer stored: beyond 10,000 epochs the last 5,000 "
    "are, of the 5,000 before them those divisible by 2, of the 10,000 before those by 4, of the "
    "20,000 before those by 8, and so on; always epoch 0 and the best."
)
THINNED_HEADER = "Backpropd-Thinned"
NEXT_HEADER = "Backpropd-Next"


class LossesView(PageView[LossView]):
    """A page of epochs."""

    thinned: bool = Field(description=THINNED)


class CheckpointView(View):
    """A checkpoint: the job can resume from it, and another job can start from it."""

    epoch: int = Field(description="Finished epochs.")
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


class CheckpointsView(View):
    """The stored checkpoints of a job, oldest first: the last two, the best and milestones."""

    data: list[CheckpointView]
