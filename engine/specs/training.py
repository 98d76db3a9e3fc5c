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
from engine.specs.optimizers import Adam, OptimizerField


class PreprocessingSpec(Spec):
    """How columns become the network's inputs; everything is fitted on the training rows only."""

    numeric: Literal["standardize", "min_max", "none"] = "standardize"
    categorical: Literal["one_hot"] = "one_hot"
    missing: Literal["mean", "median"] = Field(
        default="mean", description="What stands in for a missing number."
    )
    target: Literal["standardize", "none"] = Field(
        default="standardize",
        description="Scaling of a numeric target; predictions are answered in its own unit.",
    )


class ValidationSpec(Spec):
    """Rows held out of training; for classes the share is kept in every class."""

    fraction: float = Field(default=0.2, gt=0, lt=1)


class EarlyStoppingSpec(Spec):
    """Stop when the metric has not improved by more than min_delta for patience epochs."""

    metric: Literal["validation_loss", "loss"] = "validation_loss"
    patience: int = Field(default=5, ge=1, le=MAX_EPOCHS)
    min_delta: float = Field(default=0.0, ge=0)
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
        "softmax, binary_cross_entropy for sigmoid, mean_squared_error for linear.",
    )
    optimizer: OptimizerField = Adam()
    epochs: int = Field(default=20, ge=1, le=MAX_EPOCHS)
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH_SIZE)] | Literal["full"] = Field(
        default=32, description='Rows per step; "full" is batch gradient descent.'
    )
    shuffle: bool = True
    validation: ValidationSpec | None = ValidationSpec()
    early_stopping: EarlyStoppingSpec | None = None
    dtype: Literal["float32", "float64"] = "float32"
    seed: int = Field(default=0, ge=0, le=2**53 - 1)


class ResolvedSpec(TrainingSpec):
    """A training with every default filled in: what the worker runs and the client is shown."""

    task: Task
    features: Items[ColumnName]
    network: ResolvedNetwork
    loss: LossField
