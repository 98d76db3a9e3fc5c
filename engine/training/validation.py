"""Evaluation on the validation rows and on the test rows."""

from collections.abc import Callable

import numpy as np

from engine.data.split_arrays import SplitArrays
from engine.layers.chunks import chunk_rows
from engine.losses.base import Loss
from engine.metrics import MetricAccumulator, build_accumulator
from engine.network import Network
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec
from engine.training.stopping import StepAbandonedError, never


class Validation:
    """Evaluates loss and metrics on the validation rows, or on the test rows.

    Args:
        network: the trained network; its workspaces are used between two steps.
        loss: the training loss.
        tally: accumulates the metrics of these rows.
        split: the arrays of these rows.
    """

    def __init__(
        self, network: Network, loss: Loss, tally: MetricAccumulator, split: SplitArrays
    ) -> None:
        self._network, self._loss, self._tally, self._split = network, loss, tally, split
        self._rows_at_once = chunk_rows(network.layers, network.parameters.dtype)

    @property
    def tally(self) -> MetricAccumulator:
        """Loss and metrics of the latest run."""
        return self._tally

    def run(self, abandon: Callable[[], bool] = never) -> MetricAccumulator:
        """Return loss and metrics of all rows, evaluated in chunks; the loss may not be finite.

        Args:
            abandon: asked between two chunks; True ends the evaluation by StepAbandonedError.
        """
        self._tally.reset()
        for start in range(0, len(self._split), self._rows_at_once):
            if start and abandon():
                raise StepAbandonedError
            chunk = self._split.read(slice(start, start + self._rows_at_once))
            loss = self._loss.forward(self._network.predict(chunk.x), chunk.y, chunk.weights)
            self._tally.update(loss, self._loss.outputs, chunk)
        return self._tally


def build_validation(
    spec: ResolvedSpec, data: PreparedData, network: Network, loss: Loss
) -> Validation | None:
    """Build the validation of the prepared data; None without validation rows."""
    return _build(spec, data, network, loss, data.validation)


def evaluate_test(
    spec: ResolvedSpec, data: PreparedData, network: Network, loss: Loss
) -> MetricAccumulator | None:
    """Return loss and metrics of the test rows; None without test rows."""
    test = _build(spec, data, network, loss, data.test)
    if test is None:
        return None
    with np.errstate(all="ignore"):
        return test.run()


def _build(
    spec: ResolvedSpec,
    data: PreparedData,
    network: Network,
    loss: Loss,
    split: SplitArrays | None,
) -> Validation | None:
    if split is None:
        return None
    target = data.preprocessing.target
    output = spec.network_for(data.preprocessing.width).output
    tally = build_accumulator(spec.metrics, target, split, output)
    return Validation(network, loss, tally, split)
