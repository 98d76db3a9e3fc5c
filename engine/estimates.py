"""How large a training will be, before it is run."""

from typing import assert_never

import numpy as np

from engine.layers.base import Layer
from engine.metrics.build import records
from engine.network import count_numbers
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    Lbfgs,
    Lion,
    Nadam,
    OptimizerSpec,
    ResolvedSpec,
    Rmsprop,
    Sgd,
)

# Rows that validation and prediction pass through the network at once.
CHUNK_ROWS = 1024


def parameter_count(layers: list[Layer]) -> int:
    """All numbers of a model's weights: trained or not, and running means."""
    return sum(
        count_numbers(layer.parameter_shapes()) + count_numbers(layer.state_shapes())
        for layer in layers
    )


def memory_bytes(
    spec: ResolvedSpec,
    layers: list[Layer],
    in_features: int,
    training_rows: int,
    validation_rows: int,
) -> int:
    """Bytes that the arrays of a training take at most: parameters, workspaces and data."""
    vectors = 2 + _slot_count(spec.optimizer)
    if spec.early_stopping is not None and spec.early_stopping.restore_best:
        vectors += 1
    batch = _batch_rows(spec, training_rows)
    gathered = batch if spec.shuffle and batch < training_rows else 0
    units = spec.network.output.units
    rows = largest_batch(spec, training_rows, validation_rows)
    # A row's inputs and target, its outputs where metrics need them all, and its weight.
    numbers_of_row = in_features + units
    recorded = units + 1 if records(spec.metrics) else 0
    weighed = 0 if spec.class_weight is None and spec.sample_weight is None else 1
    numbers = (
        vectors * parameter_count(layers)
        # The loss has some arrays of the outputs' shape as well.
        + sum(layer.workspace(rows) for layer in layers)
        + 3 * rows * units
        + gathered * numbers_of_row
        + (training_rows + validation_rows) * (numbers_of_row + recorded + weighed)
    )
    return numbers * np.dtype(spec.dtype).itemsize


def largest_batch(spec: ResolvedSpec, training_rows: int, validation_rows: int) -> int:
    """The most rows that pass through the network at once, in training and validation."""
    return max(_batch_rows(spec, training_rows), min(validation_rows, CHUNK_ROWS))


def _batch_rows(spec: ResolvedSpec, training_rows: int) -> int:
    if spec.batch_size == "full":
        return training_rows
    return min(spec.batch_size, training_rows)


def _slot_count(optimizer: OptimizerSpec) -> int:
    """Vectors of the parameters' shape that the optimizer keeps."""
    match optimizer:
        case Sgd():
            return 1 if optimizer.momentum else 0
        case Rmsprop():
            return 2 if optimizer.momentum else 1
        case Adagrad() | Lion():
            return 1
        case Adadelta() | Adam() | Adamw() | Nadam():
            return 2
        case Amsgrad():
            return 3
        case Lbfgs():
            return 2 * optimizer.history + 3
        case _:
            assert_never(optimizer)
