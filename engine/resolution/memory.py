"""Estimate of a training's memory, before it is run."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np

from engine.data.batches import largest_batch, largest_training_batch
from engine.data.shuffle import WINDOW_BYTES
from engine.layers.base import Layer, walk
from engine.layers.chunks import chunk_rows, training_chunk_rows
from engine.metrics.build import needs_values, records
from engine.network import count_numbers
from engine.preprocessing.fit.columns import GROUP_BYTES
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

# Per-row scalars (target, class, weight, split) while the rows are split, measured.
SPLITTING_ROW_BYTES = 64
# The same, and copies of one column, while the columns are fitted, measured.
FITTING_ROW_BYTES = 52
# Per row and further target, measured.
PREPARING_TARGET_BYTES = 32
# Batches of a table, and the inputs made of them.
READING_BYTES = 8 * 2**20
# Columns of which a batch has blocks of less than 128 KiB.
MANY_COLUMNS = 32
# Fitted parameters per input as Python objects, measured.
FITTED_INPUT_BYTES = 256
# Row numbers of an epoch's order, and their permutation.
ORDER_ROW_BYTES = 16
# Working memory of BLAS for large matrices, measured.
BLAS_BYTES = 22 * 2**20
# Estimates of more data than this multiple of the resident data are of data in files: what is
# estimated is an upper bound, and the worker decides by the data.
IN_FILES = 1.1


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
        preparing: everything while the data are prepared, which are then in files.
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
            in_files = self.data > IN_FILES * max_resident_data
            resident = min(self.data, WINDOW_BYTES if in_files else max_resident_data)
        return max(resident + self.working, self.preparing)


def estimate_memory(
    spec: ResolvedSpec, layers: list[Layer], in_features: int, rows: RowCounts
) -> MemoryEstimate:
    """Return an upper bound on the bytes of a training's arrays."""
    batch = largest_training_batch(spec, rows.training)
    units = spec.network.output.units
    itemsize = np.dtype(spec.dtype).itemsize
    # Per row: inputs and target; weights of the loss and of the metrics; the target in its own
    # unit, in float64; of these, outputs, target and metrics' weight if metrics buffer them.
    values_per_row = in_features + (0 if spec.task == "reconstruction" else units)
    sample_weight = 0 if spec.sample_weight is None else 1
    weights = sample_weight + (0 if spec.class_weight is None else 1)
    targets = len(spec.targets)
    exact = targets * (8 // itemsize) if needs_values(spec.metrics) else 0
    buffered = units + targets + sample_weight + exact if records(spec.metrics) else 0
    is_gathered = spec.shuffle and batch < rows.training
    batch_copy = batch * values_per_row if is_gathered else 0
    return MemoryEstimate(
        working=_network_bytes(spec, layers, rows)
        + (batch_copy + rows.total * buffered) * itemsize
        + (rows.training * ORDER_ROW_BYTES if is_gathered else 0)
        + in_features * FITTED_INPUT_BYTES,
        preparing=_preparing_bytes(spec, rows.total),
        data=rows.total * (values_per_row + weights + exact) * itemsize,
        needs_all_rows=batch == rows.training,
    )


def _network_bytes(spec: ResolvedSpec, layers: list[Layer], rows: RowCounts) -> int:
    """Return the memory of weights, optimizer and workspaces."""
    # Weights, optimizer state, and the best weights if they are kept.
    vectors = 1 + slot_count(spec.optimizer)
    if spec.early_stopping is not None and spec.early_stopping.restore_best:
        vectors += 1
    if spec.on_divergence is not None:
        # A copy of all of them.
        vectors *= 2
    # Gradients, and the weights of the model, which are copied at the end.
    vectors += 2
    trained_at_once = training_chunk_rows(layers, spec.dtype)
    batch = largest_training_batch(spec, rows.training)
    if trained_at_once is not None and batch > trained_at_once:
        # The sum of the gradients of the chunks of a batch.
        vectors += 1
    evaluated = max(rows.validation, rows.test)
    evaluated_at_once = chunk_rows(layers, spec.dtype)
    largest = largest_batch(spec, rows.training, evaluated, evaluated_at_once, trained_at_once)
    # The loss also has arrays of the outputs' shape.
    workspaces = sum(layer.workspace(largest) for layer in layers)
    workspaces += 3 * largest * spec.network.output.units
    itemsize = np.dtype(spec.dtype).itemsize
    vector = parameter_count(layers) * itemsize
    training = vectors * vector + workspaces * itemsize + min(BLAS_BYTES, vector)
    # Before the optimizer is built, but with weights and gradients.
    initializing = max(layer.initialization_bytes() for layer in walk(iter(layers)))
    return max(training, 2 * vector + initializing)


def _preparing_bytes(spec: ResolvedSpec, rows: int) -> int:
    """Return the memory of the rows' scalars, and of the columns that are fitted together."""
    further = rows * (len(spec.targets) - 1) * PREPARING_TARGET_BYTES if spec.targets else 0
    values = 8 * rows
    group = min(max(GROUP_BYTES, values), values * len(spec.features))
    reading = min(READING_BYTES, group)
    if len(spec.features) >= MANY_COLUMNS:
        # The C library does not return small blocks: as much again lies in gaps, measured.
        reading += group
    return further + max(rows * SPLITTING_ROW_BYTES, rows * FITTING_ROW_BYTES + group + reading)


def slot_count(optimizer: OptimizerSpec) -> int:
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
