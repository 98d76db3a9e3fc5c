"""Spec of a change to one step of a training."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import MAX_BATCH_SIZE, Spec
from engine.specs.losses import LossField
from engine.specs.optimizers import GradientClip, OptimizerField, Rate


class StepChange(Spec):
    """A change to a step of a training; null fields stay as they are."""

    learning_rate: Rate | None = Field(
        default=None,
        description="Learning rate of this step, after the schedule. Default: that of the step; of "
        "another optimizer, its own learning rate under the same schedule.",
    )
    optimizer: OptimizerField | None = Field(
        default=None,
        description="Another optimizer, or other options of the same. States that both have are "
        "kept; of another optimizer they start at zero, and its step count at 1.",
    )
    loss: LossField | None = Field(
        default=None,
        description="Another loss, which takes the network's outputs and the targets as they are.",
    )
    gradient_clip: GradientClip | Literal["none"] | None = Field(
        default=None, description='Another gradient clipping; "none" leaves the gradient unclipped.'
    )
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH_SIZE)] | None = Field(
        default=None,
        description="Another number of rows: those from the first row of the step on, in the order "
        "of its epoch. Continues with the first rows of the epoch after its last.",
    )

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that are set."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)
