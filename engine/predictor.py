"""Inference with a trained network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.activations import build_activation
from engine.arrays import Floats, Indices
from engine.data.table import Column, take_rows
from engine.errors import DataError
from engine.fair_lock import FairLock
from engine.layers.chunks import CHUNK_BYTES, chunk_rows
from engine.network import build_network
from engine.preprocessing.fitted import numbers_of
from engine.preprocessing.hold import hold_in_range
from engine.preprocessing.preprocessing import (
    ClassTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    Preprocessing,
)
from engine.specs import PROBABILITY_ACTIVATIONS, Gaussian, ResolvedSpec


@dataclass(frozen=True)
class Predictions:
    """Predicted values, and their standard deviations if the network estimates them.

    Attributes:
        values: predictions as returned by `Predictor.predict`.
        deviations: standard deviation of each value, of the values' shape, in the target's unit;
            None unless the network was trained with the gaussian loss, which learns it.
        replaced: row and column of each number that was replaced by one within the range of the
            training rows, because the row's outputs were not finite.
    """

    values: Floats
    deviations: Floats | None
    replaced: tuple[tuple[int, int], ...] = ()


class Predictor:
    """A trained network with its preprocessing; thread-safe.

    Attributes:
        gives_probabilities: whether the outputs for classes are probabilities, not scores.
        nbytes: upper bound of the bytes of weights and workspaces; constant, because it includes
            full workspaces even before the first prediction.

    Args:
        spec: the resolved spec of its training.
        preprocessing: preprocessing fitted on the training rows.
        weights: weights by name, as returned by `Training.weights`.

    Raises:
        ValueError: the weights do not match the spec.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        preprocessing: Preprocessing,
        weights: Mapping[str, Floats],
    ) -> None:
        self._dtype = np.dtype(spec.dtype)
        self._preprocessing = preprocessing
        self._has_deviations = isinstance(spec.loss, Gaussian)
        self._activation = build_activation(spec.network.output.activation, self._dtype)
        self._network = build_network(spec.network, preprocessing.width, self._dtype)
        self._network.load(weights)
        # Acquired per chunk: other requests can run between two chunks of a large request.
        self._lock = FairLock()
        self._rows_at_once = chunk_rows(self._network.layers, self._dtype)
        self.nbytes = self._network.bytes_for(self._rows_at_once)
        self.gives_probabilities = spec.network.output.activation in PROBABILITY_ACTIVATIONS

    def predict(self, columns: Mapping[str, Column]) -> Floats:
        """Return the predictions for every row.

        Classification: `(rows, classes)`, in the order of the target's classes: probabilities for
        softmax and sigmoid outputs (a sigmoid over more than two classes scores each class
        independently, so the probabilities need not sum to one), raw scores for other outputs.
        Regression: `(rows,)`, float64, in the target's unit; `(rows, targets)` for several targets.
        Multi-label: `(rows, labels)`, the probability of each label's second class.

        Raises:
            DataError: a column is missing or has the wrong kind, or outputs are not finite even
                with every number within the range of the training rows.
        """
        return self.answer(columns).values

    def answer(self, columns: Mapping[str, Column]) -> Predictions:
        """Return the predictions of `predict` with their standard deviations. Raises DataError."""
        rows = self._preprocessing.count_rows(columns)
        try:
            chunks = [
                self._predict_chunk(columns, slice(start, start + self._rows_at_once))
                for start in range(0, max(rows, 1), self._rows_at_once)
            ]
        finally:
            self._release()
        values = np.concatenate([chunk.values for chunk in chunks])
        deviations = [chunk.deviations for chunk in chunks if chunk.deviations is not None]
        replaced = tuple(
            (index * self._rows_at_once + row, column)
            for index, chunk in enumerate(chunks)
            for row, column in chunk.replaced
        )
        return Predictions(values, np.concatenate(deviations) if deviations else None, replaced)

    def _release(self) -> None:
        """Free the workspaces if they exceed CHUNK_BYTES; otherwise the next request reuses them.

        They exceed it only if those of a single row do.
        """
        if self.nbytes - self._network.bytes_for(0) > CHUNK_BYTES:
            with self._lock:
                self._network.release()

    def _predict_chunk(self, columns: Mapping[str, Column], rows: slice) -> Predictions:
        taken = {name: take_rows(column, rows) for name, column in columns.items()}
        predictions, is_finite = self._compute(taken)
        if is_finite.all():
            return predictions
        return self._predict_held(taken, predictions, np.flatnonzero(~is_finite))

    def _compute(self, columns: Mapping[str, Column]) -> tuple[Predictions, NDArray[np.bool_]]:
        """Return the predictions, and whether those of each row are finite."""
        x = self._preprocessing.transform(columns, self._dtype, allow_infinite=True)
        with self._lock, np.errstate(all="ignore"):
            outputs = self._activation.predict(self._network.predict(x)).copy()
            predictions = self._to_target_units(outputs)
        is_finite = np.ones(len(x), np.bool_)
        for array in (outputs, predictions.values, predictions.deviations):
            if array is not None:
                is_finite &= np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        return predictions, is_finite

    def _predict_held(
        self, columns: Mapping[str, Column], predictions: Predictions, rows: Indices
    ) -> Predictions:
        """Predict some rows again, with every number within the range of the training rows."""
        held = hold_in_range(self._preprocessing.columns, columns, rows)
        again, is_finite = self._compute(held.columns)
        if not is_finite.all():
            message = (
                "the network's outputs for these rows are not finite, even with every number "
                "within the range of the training rows"
            )
            raise DataError(message)
        predictions.values[rows] = again.values
        if predictions.deviations is not None and again.deviations is not None:
            predictions.deviations[rows] = again.deviations
        replaced = [(int(rows[row]), column) for row, column in np.argwhere(held.replaced).tolist()]
        return replace(predictions, replaced=tuple(replaced))

    def _to_target_units(self, outputs: Floats) -> Predictions:
        """Undo the target's scaling, or expand a binary sigmoid to one column per class."""
        target = self._preprocessing.target
        match target:
            case NumericTarget():
                numbers = self._to_numbers(outputs, target)
                deviations = None if numbers.deviations is None else numbers.deviations[:, 0]
                return Predictions(numbers.values[:, 0], deviations)
            case NumericTargets():
                return self._to_numbers(outputs, target)
            case ClassTarget() if outputs.shape[1] == 1:
                return Predictions(np.concatenate((1 - outputs, outputs), axis=1), None)
            case ClassTarget() | LabelTargets():
                return Predictions(outputs, None)
            case _:
                assert_never(target)

    def _to_numbers(self, outputs: Floats, target: NumericTarget | NumericTargets) -> Predictions:
        """Undo the scaling of each numeric target; both arrays are `(rows, targets)`."""
        targets = numbers_of(target)
        columns = [one.to_own_unit(outputs[:, i]) for i, one in enumerate(targets)]
        if not self._has_deviations:
            return Predictions(np.stack(columns, axis=1), None)
        # The outputs of gaussian after the means are the log variances.
        deviations = [
            np.exp(outputs[:, len(targets) + i].astype(np.float64) / 2) * one.scale
            for i, one in enumerate(targets)
        ]
        return Predictions(np.stack(columns, axis=1), np.stack(deviations, axis=1))
