"""Answers of a trained network."""

from collections.abc import Mapping
from threading import Lock

import numpy as np

from engine.activations import build_activation
from engine.arrays import Floats
from engine.build import build_network
from engine.errors import DataError
from engine.estimates import CHUNK_ROWS
from engine.preprocessing import NumericTarget, Preprocessing
from engine.specs import ResolvedSpec
from engine.tables import Column


class Predictor:
    """A trained network with its preprocessing; threads may share it.

    Args:
        spec: what it was trained by.
        preprocessing: as fitted on its training rows.
        weights: by name, as `Training.weights` gives them.

    Raises:
        ValueError: the weights do not fit the spec.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        preprocessing: Preprocessing,
        weights: Mapping[str, Floats],
    ) -> None:
        self._dtype = np.dtype(spec.dtype)
        self._preprocessing = preprocessing
        self._activation = build_activation(spec.network.output.activation, self._dtype)
        self._network = build_network(spec.network, preprocessing.width, self._dtype)
        self._network.load(weights)
        self._lock = Lock()

    def predict(self, columns: Mapping[str, Column]) -> Floats:
        """Outputs for every row.

        Classification: `(rows, classes)`, in the order of the target's classes: probabilities from
        softmax and sigmoid (from a sigmoid over more than two classes each on its own, so that they
        need not sum to one), plain scores from a linear output. Regression: `(rows,)`, in the
        target's own unit, float64.

        Raises:
            DataError: a column is missing or of the wrong kind, or a number is too large.
        """
        rows = self._preprocessing.count_rows(columns)
        outputs = [
            self._predict_chunk(columns, slice(start, start + CHUNK_ROWS))
            for start in range(0, max(rows, 1), CHUNK_ROWS)
        ]
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def _predict_chunk(self, columns: Mapping[str, Column], rows: slice) -> Floats:
        x = self._preprocessing.transform(columns, self._dtype, rows)
        with self._lock, np.errstate(all="ignore"):
            outputs = self._activation.forward(self._network.forward(x)).copy()
        if not np.isfinite(outputs).all():
            message = "the network's outputs for these rows are not finite"
            raise DataError(message)
        return self._in_own_terms(outputs)

    def _in_own_terms(self, outputs: Floats) -> Floats:
        """Undo the target's scaling, or give both classes of a single sigmoid a column."""
        target = self._preprocessing.target
        if isinstance(target, NumericTarget):
            return outputs[:, 0].astype(np.float64) * target.scale + target.center
        if outputs.shape[1] == 1:
            return np.concatenate((1 - outputs, outputs), axis=1)
        return outputs
