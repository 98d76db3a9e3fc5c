"""When a training stops early, and what it does when it diverges."""

from typing import Literal

from pydantic import Field

from engine.specs.base import MAX_EPOCHS, Spec


class EarlyStoppingSpec(Spec):
    """Stop when the metric has not improved by more than min_delta for patience epochs.

    Or as soon as it reaches target_value. Lower is better for losses and errors, higher for all
    other metrics.
    """

    metric: str = Field(
        default="validation_loss",
        max_length=64,
        description="loss or any recorded metric; validation_… for the validation rows.",
    )
    patience: int | None = Field(default=5, ge=1, le=MAX_EPOCHS)
    min_delta: float = Field(
        default=0.0,
        ge=0,
        description="Least improvement that counts, in the metric's unit: losses are in the scaled "
        "target's unit (of a standardized target, squared errors in squared standard deviations), "
        "metrics such as validation_rmse in the target's own.",
    )
    target_value: float | None = Field(
        default=None,
        description="Value at which training stops, in the metric's unit, as for min_delta.",
    )
    restore_best: bool = Field(
        default=True,
        description="Whether the model has the weights of the best epoch; if not, or if there is "
        "no early stopping, it has those of the last.",
    )


class DivergenceRestore(Spec):
    """On divergence, return to the end of the last good epoch, lower the learning rate, go on.

    Weights and optimizer state are those of that epoch's end, or of the start; the learning rate
    of every later step is multiplied by scale_rate. After `tries` restores the training fails.
    """

    restore: Literal[True] = Field(
        default=True,
        description="Always true: the values after a divergence are not finite, so that there is "
        "nothing else to continue from.",
    )
    scale_rate: float = Field(
        default=0.5, ge=1e-6, lt=1, description="Factor of the learning rate per restore."
    )
    tries: int = Field(default=3, ge=1, le=100, description="Maximum restores per network.")
