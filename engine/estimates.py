"""How large a training will be, before it is run."""

from typing import assert_never

import numpy as np

from engine.specs import (
    Adam,
    OptimizerSpec,
    ResolvedDense,
    ResolvedNetwork,
    ResolvedOutput,
    ResolvedSpec,
    Sgd,
)

# Rows that validation and prediction pass through the network at once.
CHUNK_ROWS = 1024


def parameter_count(network: ResolvedNetwork, in_features: int) -> int:
    """Weights and biases of all layers."""
    count, width = 0, in_features
    layers: list[ResolvedDense | ResolvedOutput] = [*network.layers, network.output]
    for layer in layers:
        count += width * layer.units + (layer.units if layer.use_bias else 0)
        width = layer.units
    return count


def memory_bytes(
    spec: ResolvedSpec, in_features: int, training_rows: int, validation_rows: int
) -> int:
    """Bytes that the arrays of a training take at most: parameters, workspaces and data."""
    vectors = 2 + _slot_count(spec.optimizer)
    if spec.early_stopping is not None and spec.early_stopping.restore_best:
        vectors += 1
    batch = training_rows if spec.batch_size == "full" else min(spec.batch_size, training_rows)
    gathered = batch if spec.shuffle and batch < training_rows else 0
    numbers = (
        vectors * parameter_count(spec.network, in_features)
        + _workspace(spec.network, max(batch, min(validation_rows, CHUNK_ROWS)))
        + (gathered + training_rows + validation_rows) * (in_features + spec.network.output.units)
    )
    return numbers * np.dtype(spec.dtype).itemsize


def _workspace(network: ResolvedNetwork, rows: int) -> int:
    """Numbers in the layers' outputs and input gradients and in the loss's arrays."""
    hidden = sum(layer.units for layer in network.layers)
    return rows * (2 * hidden + 4 * network.output.units)


def _slot_count(optimizer: OptimizerSpec) -> int:
    match optimizer:
        case Sgd():
            return 1 if optimizer.momentum else 0
        case Adam():
            return 2
        case _:
            assert_never(optimizer)
