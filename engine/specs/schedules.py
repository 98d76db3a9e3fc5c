"""Learning rate schedules. η₀ is the optimizer's learning rate, e the fractional epochs completed.

e advances with each step: in the middle of the third epoch it is 2.5. E is the number of epochs of
the job. Lengths are in epochs and may be fractional.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import MAX_EPOCHS, Spec, typed

# A period shorter than the lower bound would overflow the number of periods.
Epochs = Annotated[float, Field(ge=1e-6, le=MAX_EPOCHS)]


class ScheduleBase(Spec):
    """Options of every schedule; it begins after the warm-up."""

    warmup_epochs: float = Field(
        default=0.0,
        ge=0,
        le=MAX_EPOCHS,
        description="Linear warm-up from 0 before the schedule: η₀ (steps + 1) / warm-up steps.",
    )


class ConstantSchedule(ScheduleBase):
    """η₀."""

    type: Literal["constant"] = "constant"


class StepSchedule(ScheduleBase):
    """η₀ · gamma^⌊e / every_epochs⌋."""

    type: Literal["step"] = "step"
    every_epochs: Epochs = 10.0
    gamma: float = Field(default=0.1, gt=0, le=1)


class ExponentialSchedule(ScheduleBase):
    """η₀ · gamma^e."""

    type: Literal["exponential"] = "exponential"
    gamma: float = Field(default=0.95, gt=0, le=1)


class PolynomialSchedule(ScheduleBase):
    """end + (η₀ − end) (1 − e / E)^power."""

    type: Literal["polynomial"] = "polynomial"
    power: float = Field(default=1.0, gt=0, le=100)
    end_rate: float = Field(default=0.0, ge=0, le=1000)


class CosineSchedule(ScheduleBase):
    """end + ½ (η₀ − end) (1 + cos(π e / T)), T = E, or with restarts after cycle_epochs.

    Source: Loshchilov and Hutter 2017.
    """

    type: Literal["cosine"] = "cosine"
    end_rate: float = Field(default=0.0, ge=0, le=1000)
    cycle_epochs: Epochs | None = Field(
        default=None, description="Epochs of the first cycle; default: no restarts."
    )
    cycle_growth: float = Field(
        default=1.0,
        ge=1,
        le=100,
        description="Factor by which each cycle is longer than the previous one.",
    )


class OneCycleSchedule(ScheduleBase):
    """From η₀ / start_divisor up to η₀, then down to η₀ / start_divisor / end_divisor.

    Of N steps, counted from 0, step rise · N − 1 has the rate η₀ and the last step the minimum; in
    between, the rate follows half a cosine (Smith and Topin 2019, as in PyTorch).
    """

    type: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(default=0.3, gt=0, lt=1)
    start_divisor: float = Field(default=25.0, ge=1, le=1e6)
    end_divisor: float = Field(default=1e4, ge=1, le=1e9)


class InverseSqrtSchedule(ScheduleBase):
    """η₀ / sqrt(1 + e / decay_epochs)."""

    type: Literal["inverse_sqrt"] = "inverse_sqrt"
    decay_epochs: Epochs = 1.0


class PlateauSchedule(ScheduleBase):
    """η₀ · factor^k, k the times the metric did not improve for more than patience epochs."""

    type: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    metric: str = Field(
        default="",
        max_length=64,
        description="Default: validation_loss, or loss without validation.",
    )
    factor: float = Field(default=0.1, gt=0, lt=1)
    patience: int = Field(default=10, ge=0, le=MAX_EPOCHS)
    min_delta: float = Field(
        default=0.0,
        ge=0,
        description="Least improvement that counts, in the metric's unit: losses are in the scaled "
        "target's unit, metrics in the target's own.",
    )
    min_rate: float = Field(default=0.0, ge=0, le=1000)


ScheduleSpec = Annotated[
    ConstantSchedule
    | StepSchedule
    | ExponentialSchedule
    | PolynomialSchedule
    | CosineSchedule
    | OneCycleSchedule
    | InverseSqrtSchedule
    | PlateauSchedule,
    Field(discriminator="type"),
]
ScheduleName = Literal[
    "constant",
    "step",
    "exponential",
    "polynomial",
    "cosine",
    "one_cycle",
    "inverse_sqrt",
    "reduce_on_plateau",
]
ScheduleField = Annotated[
    ScheduleSpec, BeforeValidator(typed, json_schema_input_type=ScheduleSpec | ScheduleName)
]
