"""The distribution of the training rows' reconstruction errors."""

import numpy as np

from engine.activations import Activation
from engine.arrays import Floats
from engine.data.rows import Rows
from engine.layers.chunks import chunk_rows
from engine.metrics.anomaly_scores import Errors, error_quantiles, row_errors, squared_errors
from engine.network import Network

# Bounds the time of large tables; the quantiles of as many rows are exact to about 0.2 %.
MAX_ROWS = 65_536
# Rows are read in blocks, because they may be in files.
_BLOCK_ROWS = 256


def measure_errors(network: Network, activation: Activation, x: Rows) -> tuple[float, ...] | None:
    """Return quantiles of the rows' reconstruction errors; None if an error is not finite.

    Of more than MAX_ROWS rows, evenly spaced blocks are measured.

    Args:
        network: the trained network.
        activation: output activation.
        x: inputs of the training rows, `(rows, in_features)`.
    """
    with np.errstate(all="ignore"):
        errors = [_errors_of(network, activation, x[block]) for block in _blocks(network, x)]
    return error_quantiles(np.concatenate(errors))


def _blocks(network: Network, x: Rows) -> list[slice]:
    rows, size = len(x), chunk_rows(network.layers, network.parameters.dtype)
    starts = list(range(0, rows, size))
    if rows > MAX_ROWS:
        size = min(size, _BLOCK_ROWS)
        starts = np.linspace(0, rows - size, MAX_ROWS // size).astype(np.intp).tolist()
    return [slice(start, start + size) for start in starts]


def _errors_of(network: Network, activation: Activation, x: Floats) -> Errors:
    outputs = activation.predict(network.predict(x))
    return row_errors(squared_errors(outputs, x))
