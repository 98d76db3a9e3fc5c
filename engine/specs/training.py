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
from engine.specs.preprocessing import PreprocessingSpec, ResolvedPreprocessing
from engine.specs.schedules import ConstantSchedule, ScheduleField
from engine.specs.validation import (
    ColumnValidation,
    FoldsValidation,
    FractionValidation,
    ValidationField,
)

Weight = Annotated[float, Field(ge=0, le=1e9)]


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
    input_shape: Items[Annotated[int, Field(ge=1, le=MAX_FEATURES)]] | None = Field(
        default=None,
        min_length=1,
        max_length=3,
        description="Shape of one row for the first layer, such as [28, 28, 1]: height, width and "
        "channels of an image whose pixels are the features, row by row. Default: flat.",
    )
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
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=MAX_EPOCHS,
        description="Default: 20, or of a small table more, up to 60, for 2,000 steps in all.",
    )
    max_seconds: float | None = Field(
        default=None, gt=0, le=1e8, description="End, as time_budget, after so long a training."
    )
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH_SIZE)] | Literal["full"] = Field(
        default=32, description='Rows per step; "full" is batch gradient descent.'
    )
    shuffle: bool = True
    validation: ValidationField | None = FractionValidation()
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

    @property
    def split_column(self) -> str | None:
        """The column that says which rows are held out, if one does."""
        match self.validation:
            case ColumnValidation():
                return self.validation.column
            case FractionValidation():
                return self.validation.order_by
            case _:
                return None

    @property
    def holds_out(self) -> bool:
        """Whether rows are held out of the training that leaves the model."""
        return self.validation is not None and not isinstance(self.validation, FoldsValidation)


class ResolvedSpec(TrainingSpec):
    """A training with every default filled in: what the worker runs and the client is shown."""

    task: Task
    features: Items[ColumnName]
    preprocessing: ResolvedPreprocessing
    network: ResolvedNetwork
    loss: LossField
    epochs: int
    metrics: Items[MetricName]

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Every column that its preparation reads."""
        others = (self.target, self.sample_weight, self.split_column)
        return tuple(dict.fromkeys((*self.features, *(name for name in others if name))))
