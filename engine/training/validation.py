"""Evaluation on the validation rows."""

import numpy as np

from engine.data.rows import Rows
from engine.layers.chunks import chunk_rows
from engine.losses.base import Loss
from engine.metrics import MetricAccumulator, build_accumulator
from engine.network import Network
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec


class Validation:
    """Evaluates loss and metrics on the validation rows.

    Args:
        network: the trained network; its workspaces are used between two steps.
        loss: the training loss.
        tally: accumulates the metrics of these rows.
        x: inputs, `(rows, in_features)`.
        y: targets.
        weights: sample weights, `(rows,)`; None if all rows have the same weight.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        tally: MetricAccumulator,
        x: Rows,
        y: Rows,
        weights: Rows | None = None,
    ) -> None:
        self._network, self._loss, self._tally = network, loss, tally
        self._x, self._y, self._weights = x, y, weights
        self._rows_at_once = chunk_rows(network.layers, network.parameters.dtype)

    def run(self) -> MetricAccumulator:
        """Return loss and metrics of all rows, evaluated in chunks; the loss may not be finite."""
        self._tally.reset()
        for start in range(0, len(self._x), self._rows_at_once):
            chunk = slice(start, start + self._rows_at_once)
            weights = None if self._weights is None else self._weights[chunk]
            x = self._x[chunk]
            y = x if self._y is self._x else self._y[chunk]
            loss = self._loss.forward(self._network.predict(x), y, weights)
            self._tally.update(loss, self._loss.outputs, y)
        return self._tally


def build_validation(
    spec: ResolvedSpec, data: PreparedData, network: Network, loss: Loss
) -> Validation | None:
    """Build the validation of the prepared data; None without validation rows."""
    x, y = data.x_validation, data.y_validation
    if x is None or y is None:
        return None
    units = spec.network_for(data.preprocessing.width).output.units
    dtype = np.dtype(spec.dtype)
    tally = build_accumulator(spec.metrics, data.preprocessing.target, y, units, dtype)
    return Validation(network, loss, tally, x, y, data.weights_validation)
