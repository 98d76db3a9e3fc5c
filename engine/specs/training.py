"""Training specs, as requested and as resolved."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import (
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MAX_EXACT_INTEGER,
    MAX_FEATURES,
    ColumnName,
    Items,
    Spec,
    TargetNames,
)
from engine.specs.layers import NetworkSpec, ResolvedNetwork
from engine.specs.losses import LossField
from engine.specs.metrics import MetricName
from engine.specs.optimizers import Adam, GradientClip, OptimizerField
from engine.specs.preprocessing import PreprocessingSpec, ResolvedPreprocessing
from engine.specs.schedules import ConstantSchedule, ScheduleField
from engine.specs.stopping import DivergenceRestore, EarlyStoppingSpec
from engine.specs.validation import (
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    TestField,
    ValidationField,
    split_columns,
)

Weight = Annotated[float, Field(ge=0, le=1e9)]
Task = Literal["classification", "regression", "multi_label", "reconstruction"]


class TrainingSpec(Spec):
    """A training as requested by a client; null fields are derived from the table."""

    target: TargetNames[ColumnName] | None = Field(
        default=None,
        description="The column to predict, or a list of columns. Required, except for the task "
        "reconstruction, whose targets are the inputs. Several numbers are predicted together, and "
        "several columns with two values each as labels (multi-label).",
        examples=["species", ["height", "weight"]],
    )
    task: Task | None = Field(
        default=None, description="Default: from the kinds and values of the targets."
    )
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
        "channels of an image whose pixels are the features in row-major order. Default: flat.",
    )
    network: NetworkSpec = NetworkSpec()
    loss: LossField | None = Field(
        default=None,
        description="Default: by output activation: cross_entropy for "
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
        description="Default: 20; for small tables up to 60, to reach 2,000 steps in total.",
    )
    max_seconds: float | None = Field(
        default=None,
        gt=0,
        le=1e8,
        description="Time budget; the training ends with time_budget when it is used up.",
    )
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH_SIZE)] | Literal["full"] = Field(
        default=32, description='Rows per step; "full" is batch gradient descent.'
    )
    shuffle: bool = True
    validation: ValidationField | None = FractionValidation()
    test: TestField | None = Field(
        default=None,
        description="Rows that are set aside before validation rows or folds are selected. No "
        "choice depends on them; the final weights are evaluated on them once (`metrics.test`). A "
        "fraction uses the `order_by` or `group_by` of validation unless it states its own.",
    )
    early_stopping: EarlyStoppingSpec | None = None
    on_finding: Literal["report", "stop"] = Field(
        default="report",
        description="stop: a condition that the epochs show, such as vanishing gradients or "
        "overfitting (docs/diagnostics.md), ends the network's training with that epoch, as early "
        "stopping does; report: it is a finding only. Other findings never end the training.",
    )
    on_divergence: DivergenceRestore | None = Field(
        default=None,
        description="Default: the job fails at the first loss or weight that is not finite.",
    )
    metrics: Items[MetricName] | Literal["all"] | None = Field(
        default=None,
        description="Metrics recorded at the end of each epoch, on training and validation rows, "
        "weighted by sample_weight, never by class_weight. Default: accuracy for classification; "
        "rmse, mae and r2 for regression and reconstruction; accuracy and subset_accuracy for "
        "multi_label. An undefined metric is left out, such as the r2 of a constant target; a list "
        "per class is null for a class without rows.",
    )
    class_weight: dict[str, Weight] | Literal["balanced"] | None = Field(
        default=None,
        max_length=1000,
        description="Weight of the rows of each class, 1 for classes not listed; balanced: rows / "
        "(classes · rows of the class), counted in the training rows. Classes are written as in "
        "the file: TRUE, true, yes or 1 for a boolean, 1 or 1.0 for a number, the text of a "
        "category. Weighs loss and validation_loss, Σ w·loss / Σ w, but not metrics; only "
        "relations matter, as class weight times sample weight is divided by its mean over the "
        "training or the validation rows.",
    )
    sample_weight: ColumnName | None = Field(
        default=None,
        description="Numeric column with the weight of each row, not negative, in loss, "
        "validation_loss and all metrics. Only relations matter: weights are divided by their mean "
        "over the training or the validation rows. Rows of weight 0 have no effect; the job "
        "fails if all training or all validation rows have weight 0.",
    )
    dtype: Literal["float32", "float64"] = "float32"
    seed: int = Field(default=0, ge=0, le=MAX_EXACT_INTEGER - 1)

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns in order; empty for the task reconstruction."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def split_columns(self) -> tuple[str, ...]:
        """The columns that determine the validation and test rows."""
        parts = (split_columns(self.validation), split_columns(self.test))
        return tuple(dict.fromkeys(name for part in parts for name in part.values()))

    @property
    def test_dataset_id(self) -> str | None:
        """The dataset that all test rows are in, or None."""
        return self.test.dataset_id if isinstance(self.test, DatasetValidation) else None

    @property
    def has_validation(self) -> bool:
        """Whether the final training has validation rows; false for cross-validation."""
        return self.validation is not None and not isinstance(self.validation, FoldsValidation)


class ResolvedSpec(TrainingSpec):
    """A training with all defaults resolved, as run by the worker and shown to the client."""

    task: Task
    features: Items[ColumnName]
    preprocessing: ResolvedPreprocessing
    network: ResolvedNetwork
    loss: LossField
    epochs: int
    metrics: Items[MetricName]

    def network_for(self, inputs: int) -> ResolvedNetwork:
        """Return the network for the fitted number of inputs, which may be less than resolved.

        An autoencoder has as many outputs as inputs; other networks do not depend on it.
        """
        if self.task != "reconstruction":
            return self.network
        output = self.network.output.model_copy(update={"units": inputs})
        return self.network.model_copy(update={"output": output})

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """All columns that data preparation reads."""
        extra = (*self.targets, self.sample_weight, *self.split_columns)
        return tuple(dict.fromkeys((*self.features, *(name for name in extra if name))))
