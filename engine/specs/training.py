"""A whole training, as it is asked for and as it is run."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import (
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MAX_FEATURES,
    ColumnName,
    Items,
    Spec,
)
from engine.specs.layers import NetworkSpec, ResolvedNetwork
from engine.specs.losses import LossField
from engine.specs.metrics import MetricName
from engine.specs.optimizers import Adam, GradientClip, OptimizerField
from engine.specs.schedules import ConstantSchedule, ScheduleField

Weight = Annotated[float, Field(ge=0, le=1e9)]


class PreprocessingSpec(Spec):
    """How columns become the network's inputs; everything is fitted on the training rows only."""

    numeric: Literal["standardize", "min_max", "none"] = "standardize"
    categorical: Literal["one_hot", "embedding"] | None = Field(
        default=None,
        description="Default: one_hot; embedding (codes to look up) if the first layer is one.",
    )
    missing: Literal["mean", "median"] = Field(
        default="mean", description="What stands in for a missing number."
    )
    target: Literal["standardize", "none"] | None = Field(
        default=None,
        description="Scaling of a numeric target; predictions are answered in its own unit. "
        "Default: standardize; none if the output is not linear.",
    )


class ValidationSpec(Spec):
    """Rows held out of training; for classes the share is kept in every class."""

    fraction: float = Field(default=0.2, gt=0, lt=1)


class EarlyStoppingSpec(Spec):
    """Stop when the metric has not improved by more than min_delta for patience epochs.

    Or as soon as it has reached target_value. Losses and errors get better by falling, all other
    metrics by rising.
    """

    metric: str = Field(
        default="validation_loss",
        max_length=64,
        description="loss or any metric that is recorded; validation_… for the rows held out.",
    )
    patience: int | None = Field(default=5, ge=1, le=MAX_EPOCHS)
    min_delta: float = Field(default=0.0, ge=0)
    target_value: float | None = None
    restore_best: bool = True


Task = Literal["classification", "regression"]


class TrainingSpec(Spec):
    """One training as a client asks for it; None means: derive it from the table."""

    target: ColumnName
    task: Task | None = Field(default=None, description="Default: from the target's kind.")
    features: Items[ColumnName] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_FEATURES,
        description="Default: every other column.",
    )
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    network: NetworkSpec = NetworkSpec()
    loss: LossField | None = Field(
        default=None,
        description="Default: the loss that belongs to the output's activation: cross_entropy for "
        "softmax, binary_cross_entropy for sigmoid, mean_squared_error for linear, poisson for "
        "exponential.",
    )
    optimizer: OptimizerField = Adam()
    schedule: ScheduleField = ConstantSchedule()
    gradient_clip: GradientClip | None = None
    epochs: int = Field(default=20, ge=1, le=MAX_EPOCHS)
    max_seconds: float | None = Field(
        default=None, gt=0, le=1e8, description="End, as time_budget, after so long a training."
    )
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH_SIZE)] | Literal["full"] = Field(
        default=32, description='Rows per step; "full" is batch gradient descent.'
    )
    shuffle: bool = True
    validation: ValidationSpec | None = ValidationSpec()
    early_stopping: EarlyStoppingSpec | None = None
    metrics: Items[MetricName] | Literal["all"] | None = Field(
        default=None,
        description="Recorded at each epoch's end, for training and for validation rows. Default: "
        "accuracy; rmse, mae and r2 for numbers.",
    )
    class_weight: dict[str, Weight] | Literal["balanced"] | None = Field(
        default=None,
        max_length=1000,
        description="How much a row of each class counts, 1 where none is named; balanced: rows "
        "divided by classes and by rows of the class.",
    )
    sample_weight: ColumnName | None = Field(
        default=None, description="Column of numbers: how much each row counts."
    )
    dtype: Literal["float32", "float64"] = "float32"
    seed: int = Field(default=0, ge=0, le=2**53 - 1)


class ResolvedPreprocessing(PreprocessingSpec):
    """Preprocessing with nothing left to choose."""

    categorical: Literal["one_hot", "embedding"]
    target: Literal["standardize", "none"]


class ResolvedSpec(TrainingSpec):
    """A training with every default filled in: what the worker runs and the client is shown."""

    task: Task
    features: Items[ColumnName]
    preprocessing: ResolvedPreprocessing
    network: ResolvedNetwork
    loss: LossField
    metrics: Items[MetricName]

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Every column that its preparation reads."""
        weight = () if self.sample_weight is None else (self.sample_weight,)
        return (*self.features, self.target, *weight)
