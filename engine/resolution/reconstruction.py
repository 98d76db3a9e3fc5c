"""Defaults and checks of the task reconstruction, whose targets are the inputs."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from engine.data.table import ColumnSchema
from engine.findings import patch
from engine.layers.base import Layer
from engine.preprocessing.column_options import options_for
from engine.preprocessing.column_plan import encoding_of
from engine.resolution.embeddings import categorical_of
from engine.resolution.report import Report
from engine.specs import (
    DenseSpec,
    DropoutSpec,
    LayerSpec,
    LossName,
    LossSpec,
    NetworkSpec,
    OutputActivation,
    Quantile,
    ResidualSpec,
    ResolvedPreprocessing,
    TrainingSpec,
)

# Losses of an error ŷ − y that is best at 0.
LOSSES: tuple[LossName, ...] = (
    "mean_squared_error",
    "half_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
)
# Units of the default network; docs/decisions/0042-reconstruction.md has the measurements.
MIN_WIDE_UNITS, MAX_WIDE_UNITS = 64, 256
MAX_BOTTLENECK_UNITS = 64


def check_reconstruction(spec: TrainingSpec, report: Report) -> None:
    """Report options of other tasks."""
    if spec.targets:
        detail = (
            "the task reconstruction has no target, its targets are the inputs: leave target out, "
            "or state another task"
        )
        report.problem("/target", "target_of_reconstruction", detail)
    if spec.preprocessing.target == "standardize":
        detail = "there is no target to scale; the inputs are scaled by preprocessing.numeric"
        report.problem("/preprocessing/target", "target_of_reconstruction", detail)
    if categorical_of(spec.network) == "embedding":
        detail = (
            "an embedding takes the codes of categories, and the error of an output is meaningless "
            "for a code: remove the embedding layer, so that categories are one-hot encoded"
        )
        report.problem("/network/layers/0", "embedding_reconstruction", detail)


def default_network(spec: NetworkSpec, inputs: int) -> NetworkSpec:
    """Return the network with the default layers if it states none: an autoencoder.

    A wide relu layer, a linear bottleneck of half as many units as inputs, and a wide relu layer.
    """
    if "layers" in spec.model_fields_set:
        return spec
    wide = DenseSpec(units=min(max(inputs, MIN_WIDE_UNITS), MAX_WIDE_UNITS))
    units = min(max(math.ceil(inputs / 2), 1), MAX_BOTTLENECK_UNITS)
    bottleneck = DenseSpec(units=units, activation="linear")
    return spec.model_copy(update={"layers": (wide, bottleneck, wide)})


def check_reconstruction_loss(loss: LossSpec, report: Report) -> None:
    """Report an error loss whose optimum is not an output equal to the input."""
    if isinstance(loss, Quantile):
        detail = f"a reconstruction needs one of {', '.join(LOSSES)}, not {loss.type}"
        report.problem("/loss", "loss_and_task", detail)


def check_reconstructed_inputs(
    activation: OutputActivation,
    preprocessing: ResolvedPreprocessing,
    features: Sequence[ColumnSchema],
    report: Report,
) -> None:
    """Report an output activation that cannot reach every input.

    sigmoid, softplus and exponential reach the inputs between 0 and 1: booleans, one-hot categories
    and numbers with min_max. Whether they reach unscaled numbers is left to the client.
    """
    pointer = "/network/output/activation"
    if activation == "softmax":
        detail = "softmax outputs sum to 1, which inputs do not; use linear"
        report.problem(pointer, "output_and_inputs", detail)
    elif activation != "linear":
        column = next(_signed_columns(preprocessing, features), None)
        if column is not None:
            detail = (
                f"a {activation} output cannot reach the negative inputs of column "
                f"{column.name!r}; use linear, or min_max for numbers"
            )
            report.problem(pointer, "output_and_inputs", detail)


def _signed_columns(
    preprocessing: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> Iterator[ColumnSchema]:
    """Yield the columns whose inputs are negative for some of the training rows."""
    for column in features:
        options = options_for(preprocessing, column.name)
        encoding = encoding_of(column.kind, options)
        is_scaled = encoding == "numeric" and options.numeric not in {"min_max", "none"}
        if is_scaled or encoding in {"ordinal", "calendar", "hashed"}:
            yield column


def reconstruction_units(spec: TrainingSpec, inputs: int, report: Report) -> int:
    """Return the number of output units: one per input."""
    if spec.network.output.units not in {None, inputs}:
        detail = f"a reconstruction has one output per input, {inputs} units; leave units out"
        report.problem("/network/output/units", "wrong_units", detail)
    return inputs


def check_bottleneck(
    spec: TrainingSpec, layers: Sequence[Layer], inputs: int, report: Report
) -> None:
    """Report a network that can copy its inputs: no layer has fewer values, and none is random."""
    hidden = [math.prod(layer.out_shape) for layer in layers if layer.name != "output"]
    if not layers or min(hidden, default=inputs) < inputs or _has_dropout(spec.network.layers):
        return
    detail = (
        f"no hidden layer has fewer values than the inputs, {inputs}, so the network can copy any "
        "row, and an anomaly may have a small error"
    )
    report.info("/network/layers", "no_bottleneck", detail, _default_layers_patch(spec, inputs))


def _default_layers_patch(spec: TrainingSpec, inputs: int) -> dict[str, Any] | None:
    """Return the patch that chooses the default layers; None for one input, as they do not help."""
    if inputs < 2:
        return None
    operations: list[tuple[str, str, Any]] = [("remove", "/network/layers", None)]
    if spec.input_shape is not None:
        # The default layers take flat rows.
        operations.append(("remove", "/input_shape", None))
    return patch(*operations)


def _has_dropout(layers: Sequence[LayerSpec]) -> bool:
    return any(
        isinstance(layer, DropoutSpec)
        or (isinstance(layer, ResidualSpec) and _has_dropout(layer.layers))
        for layer in layers
    )
