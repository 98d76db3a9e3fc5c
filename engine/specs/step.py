"""Spec of a single training step, on given rows."""

from typing import Literal

from pydantic import Field

from engine.specs.base import MAX_EPOCHS, MAX_EXACT_INTEGER, Spec
from engine.specs.layers import NetworkSpec
from engine.specs.losses import LossField
from engine.specs.optimizers import Adam, GradientClip, OptimizerField
from engine.specs.schedules import ConstantSchedule, ScheduleField


class StepSpec(Spec):
    """The part of a training that one step depends on, without a dataset."""

    network: NetworkSpec = Field(
        description="As of a job. `output.units` is required; `output.activation` is by default "
        "that of the loss: softmax for cross_entropy, sigmoid for binary_cross_entropy, "
        "exponential for poisson, else linear.",
    )
    loss: LossField = Field(description="The loss, by name or with its options.")
    optimizer: OptimizerField = Field(
        default=Adam(), description="The optimizer, by name or with its options."
    )
    schedule: ScheduleField = Field(
        default=ConstantSchedule(),
        description="Learning rate over the training; that of `step` depends on `epochs` and "
        "`steps_per_epoch`.",
    )
    gradient_clip: GradientClip | None = Field(
        default=None, description="Clipping of the gradient, by value or by norm. Default: none."
    )
    epochs: int = Field(
        default=1, ge=1, le=MAX_EPOCHS, description="Epochs of the training, for its schedule."
    )
    steps_per_epoch: int = Field(
        default=1,
        ge=1,
        le=MAX_EXACT_INTEGER - 1,
        description="Steps per epoch of the training, for its schedule.",
    )
    dtype: Literal["float32", "float64"] = Field(
        default="float64", description="Type of all numbers; that of jobs is float32 by default."
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_EXACT_INTEGER - 1,
        description="Determines the weights that are not given, and the masks of dropout.",
    )
