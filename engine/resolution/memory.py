"""Estimate of a training's memory, before it is run."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np

from engine.data.batches import largest_batch, largest_training_batch
from engine.data.shuffle import WINDOW_BYTES
from engine.layers.base import Layer
from engine.layers.chunks import chunk_rows, training_chunk_rows
from engine.metrics.build import needs_values, records
from engine.network import count_numbers
from engine.resolution.row_counts import RowCounts
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

# Per-row scalars (target, class, weight, split) during preparation, measured.
PREPARING_ROW_BYTES = 96
# Per row and further target, measured.
PREPARING_TARGET_BYTES = 32
# Fitted parameters per input as Python objects, measured.
FITTED_INPUT_BYTES = 256


def parameter_count(layers: list[Layer]) -> int:
    """Return the number of all stored weights: trained, frozen and running statistics."""
    return sum(
        count_numbers(layer.parameter_shapes()) + count_numbers(layer.state_shapes())
        for layer in layers
    )


@dataclass(frozen=True)
class MemoryEstimate:
    """Upper bound on a training's memory, in bytes.

    Attributes:
        working: parameters, workspaces, and per-row values other than the data.
        preparing: per-row values while the data are prepared, other than the data.
        data: inputs, targets and weights of all rows.
        needs_all_rows: whether all data must be in memory because they are one batch.
    """

    working: int
    preparing: int
    data: int
    needs_all_rows: bool

    def total(self, max_resident_data: int | None = None) -> int:
        """Return the bytes in memory, with at most that much resident data; None: all data."""
        resident = self.data
        if max_resident_data is not None and not self.needs_all_rows:
            # Data in files are read one window at a time.
            resident = min(self.data, max(max_resident_data, WINDOW_BYTES))
        return resident + max(self.working, self.preparing)


def estimate_memory(
    spec: ResolvedSpec, layers: list[Layer], in_features: int, rows: RowCounts
) -> MemoryEstimate:
    """Return an upper bound on the bytes of a training's arrays."""
    # Weights, optimizer state, and the best weights if they are kept.
    vectors = 1 + _slot_count(spec.optimizer)
    if spec.early_stopping is not None and spec.early_stopping.restore_best:
        vectors += 1
    if spec.on_divergence is not None:
        # A copy of all of them.
        vectors *= 2
    # Gradients, and the sum of those of the chunks of a batch.
    vectors += 1
    batch = largest_training_batch(spec, rows.training)
    trained_at_once = training_chunk_rows(layers, spec.dtype)
    if trained_at_once is not None and batch > trained_at_once:
        vectors += 1
    batch_copy = batch if spec.shuffle and batch < rows.training else 0
    units = spec.network.output.units
    evaluated = max(rows.validation, rows.test)
    evaluated_at_once = chunk_rows(layers, spec.dtype)
    largest = largest_batch(spec, rows.training, evaluated, evaluated_at_once, trained_at_once)
    itemsize = np.dtype(spec.dtype).itemsize
    # Per row: inputs and target; weights of the loss and of the metrics; the target in its own
    # unit, in float64; of these, outputs, target and metrics' weight if metrics buffer them.
    values_per_row = in_features + (0 if spec.task == "reconstruction" else units)
    sample_weight = 0 if spec.sample_weight is None else 1
    weights = sample_weight + (0 if spec.class_weight is None else 1)
    targets = len(spec.targets)
    exact = targets * (8 // itemsize) if needs_values(spec.metrics) else 0
    buffered = units + targets + sample_weight + exact if records(spec.metrics) else 0
    values = (
        vectors * parameter_count(layers)
        # The loss also has arrays of the outputs' shape.
        + sum(layer.workspace(largest) for layer in layers)
        + 3 * largest * units
        + batch_copy * values_per_row
        + rows.total * buffered
    )
    return MemoryEstimate(
        working=values * itemsize + in_features * FITTED_INPUT_BYTES,
        preparing=rows.total * (PREPARING_ROW_BYTES + (targets - 1) * PREPARING_TARGET_BYTES),
        data=rows.total * (values_per_row + weights + exact) * itemsize,
        needs_all_rows=batch == rows.training,
    )


def _slot_count(optimizer: OptimizerSpec) -> int:
    """Return the number of parameter-sized vectors in the optimizer's state."""
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
            return 2 * optimizer.history + 6
        case _:
            assert_never(optimizer)
