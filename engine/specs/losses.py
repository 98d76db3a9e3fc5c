"""Loss functions: the mean over the rows of a batch, each multiplied by its weight, of mean 1.

z are the logits, the network's outputs before the output activation; ŷ = activation(z); y are the
targets. Numeric targets are scaled by `preprocessing.target`: a standardized one is in units of its
standard deviation over the training rows, and so are ŷ, the loss and the options of losses.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class CrossEntropy(Spec):
    """−Σ_k q_k log p_k, q = (1 − label_smoothing) · one-hot class + label_smoothing / classes."""

    type: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)


class BinaryCrossEntropy(Spec):
    """Mean over outputs of −(y log p + (1 − y) log(1 − p))."""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class MeanSquaredError(Spec):
    """Mean over outputs of (y − ŷ)²."""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class HalfSquaredError(Spec):
    """½ Σ (y − ŷ)² over the outputs: the loss of many textbooks."""

    type: Literal["half_squared_error"] = "half_squared_error"


class MeanAbsoluteError(Spec):
    """Mean over outputs of |y − ŷ|."""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class Huber(Spec):
    """Mean over outputs of ½ e² where |e| ≤ delta, else delta (|e| − ½ delta) (Huber 1964)."""

    type: Literal["huber"] = "huber"
    delta: float = Field(
        default=1.0,
        gt=0,
        le=1e6,
        description="In the scaled target's unit: standard deviations of the target over the "
        "training rows if it is standardized (the default), else the target's own unit.",
    )


class LogCosh(Spec):
    """Mean over outputs of log cosh(ŷ − y)."""

    type: Literal["log_cosh"] = "log_cosh"


class Quantile(Spec):
    """Mean over outputs of max(q (y − ŷ), (q − 1) (y − ŷ)) (Koenker and Bassett 1978)."""

    type: Literal["quantile"] = "quantile"
    quantile: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of the rows below the prediction; it has no unit. The loss is in the "
        "scaled target's unit.",
    )


class Hinge(Spec):
    """Mean over classes of max(0, margin − z_class + z_k), k ≠ class (Weston and Watkins 1999)."""

    type: Literal["hinge"] = "hinge"
    margin: float = Field(default=1.0, gt=0, le=1000)


class Poisson(Spec):
    """Mean over outputs of ŷ − y log ŷ, for counts; default output activation: exponential."""

    type: Literal["poisson"] = "poisson"


class Gaussian(Spec):
    """Mean over targets of ½ (s + (y − μ)² exp(−s)): outputs are the mean μ, the log variance s."""

    type: Literal["gaussian"] = "gaussian"


LossSpec = Annotated[
    CrossEntropy
    | BinaryCrossEntropy
    | MeanSquaredError
    | HalfSquaredError
    | MeanAbsoluteError
    | Huber
    | LogCosh
    | Quantile
    | Hinge
    | Poisson
    | Gaussian,
    Field(discriminator="type"),
]
LossName = Literal[
    "cross_entropy",
    "binary_cross_entropy",
    "mean_squared_error",
    "half_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "quantile",
    "hinge",
    "poisson",
    "gaussian",
]
LossField = Annotated[LossSpec, BeforeValidator(typed, json_schema_input_type=LossSpec | LossName)]
