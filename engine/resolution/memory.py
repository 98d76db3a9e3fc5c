"""How large a training will be, before it is run."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np

from engine.data.batches import _batch_rows, largest_batch
from engine.data.shuffle import WINDOW_BYTES
from engine.layers.base import Layer
from engine.layers.chunks import chunk_rows
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

# A row's target, class, weight and place in the split while data are prepared, measured.
PREPARING_ROW_BYTES = 96
# What was fitted for one input, as Python keeps it, measured.
FITTED_INPUT_BYTES = 256


def parameter_count(layers: list[Layer]) -> int:
    """All numbers of a model's weights: trained or not, and running means."""
    return sum(
        count_numbers(layer.parameter_shapes()) + count_numbers(layer.state_shapes())
        for layer in layers
    )


@dataclass(frozen=True)
class RowCounts:
    """How many rows a training has, at most: who has what value is not known beforehand.

    Attributes:
        training: rows that a network is trained on.
        validation: rows that it is validated with.
        total: rows of both together.
    """

    training: int
    validation: int
    total: int


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a training takes at most.

    Attributes:
        working: parameters, workspaces, and what there is of each row beside the data.
        preparing: what there is of each row while the data are prepared, beside them.
        data: inputs, targets and weights of all rows.
        needs_all_rows: whether all of the data have to be in memory, being one batch.
    """

    working: int
    preparing: int
    data: int
    needs_all_rows: bool

    def total(self, max_resident_data: int | None = None) -> int:
        """Bytes in memory, where no more than so many of the data stay there; None: all do."""
        resident = self.data
        if max_resident_data is not None and not self.needs_all_rows:
            # Of data that stay elsewhere a window is read at a time.
            resident = min(self.data, max(max_resident_data, WINDOW_BYTES))
        return resident + max(self.working, self.preparing)


def estimate_memory(
    spec: ResolvedSpec, layers: list[Layer], in_features: int, rows: RowCounts
) -> MemoryEstimate:
    """Bytes that the arrays of a training take at most."""
    vectors = 2 + _slot_count(spec.optimizer)
    if spec.early_stopping is not None and spec.early_stopping.restore_best:
        vectors += 1
    batch = _batch_rows(spec, rows.training)
    gathered = batch if spec.shuffle and batch < rows.training else 0
    units = spec.network.output.units
    largest = largest_batch(spec, rows.training, rows.validation, chunk_rows(layers, spec.dtype))
    # A row's inputs and target, its outputs where metrics need them all, and its weight.
    numbers_of_row = in_features + units
    recorded = units + 1 if records(spec.metrics) else 0
    weighed = 0 if spec.class_weight is None and spec.sample_weight is None else 1
    numbers = (
        vectors * parameter_count(layers)
        # The loss has some arrays of the outputs' shape as well.
        + sum(layer.workspace(largest) for layer in layers)
        + 3 * largest * units
        + gathered * numbers_of_row
        + rows.total * recorded
    )
    itemsize = np.dtype(spec.dtype).itemsize
    return MemoryEstimate(
        working=numbers * itemsize + in_features * FITTED_INPUT_BYTES,
        preparing=rows.total * PREPARING_ROW_BYTES,
        data=rows.total * (numbers_of_row + weighed) * itemsize,
        needs_all_rows=batch == rows.training,
    )


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
