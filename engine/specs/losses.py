"""What training makes small."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class CrossEntropy(Spec):
    """Mean over rows of −log p[class], on softmax outputs."""

    type: Literal["cross_entropy"] = "cross_entropy"


class BinaryCrossEntropy(Spec):
    """Mean over rows and outputs of −(y log p + (1 − y) log(1 − p)), on sigmoid outputs."""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class MeanSquaredError(Spec):
    """Mean over rows and outputs of (y − ŷ)²."""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class HalfSquaredError(Spec):
    """Mean over rows of ½ Σ (y − ŷ)² over the outputs: the textbook's loss."""

    type: Literal["half_squared_error"] = "half_squared_error"


LossSpec = Annotated[
    CrossEntropy | BinaryCrossEntropy | MeanSquaredError | HalfSquaredError,
    Field(discriminator="type"),
]
LossName = Literal[
    "cross_entropy", "binary_cross_entropy", "mean_squared_error", "half_squared_error"
]
LossField = Annotated[LossSpec, BeforeValidator(typed, json_schema_input_type=LossSpec | LossName)]
