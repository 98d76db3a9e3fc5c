"""Inference with a trained network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, assert_never

import numpy as np

from engine.activations import build_activation
from engine.arrays import Floats
from engine.data.table import Column, take_rows
from engine.errors import DataError
from engine.fair_lock import FairLock
from engine.layers.chunks import CHUNK_BYTES, chunk_rows
from engine.metrics.anomaly_scores import anomaly_scores, column_errors, row_errors, squared_errors
from engine.network import build_network
from engine.preprocessing.decode import DecodedValue
from engine.preprocessing.fitted import numbers_of
from engine.preprocessing.preprocessing import (
    ClassTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    Preprocessing,
)
from engine.specs import PROBABILITY_ACTIVATIONS, Gaussian, ResolvedSpec

Converted = TypeVar("Converted")


@dataclass(frozen=True)
class Predictions:
    """Predicted values, and their standard deviations if the network estimates them.

    Attributes:
        values: predictions as returned by `Predictor.predict`.
        deviations: standard deviation of each value, of the values' shape, in the target's unit;
            None unless the network was trained with the gaussian loss, which learns it.
    """

    values: Floats
    deviations: Floats | None


@dataclass(frozen=True)
class Reconstructions:
    """Rows as an autoencoder reconstructs them, and how far they are from the rows themselves.

    Attributes:
        errors: mean squared error of each row over its inputs, `(rows,)`, in the unit of the scaled
            inputs.
        column_errors: mean squared error over the inputs of each column, `(rows, columns)`; NaN for
            a column without inputs.
        scores: anomaly score of each row, `(rows,)`, see `engine.metrics.anomaly_scores`; None if
            the errors of the training rows are unknown.
        values: reconstructed values, one list of rows per column, see `Preprocessing.decode`.
    """

    errors: Floats
    column_errors: Floats
    scores: Floats | None
    values: list[list[DecodedValue]]


class Predictor:
    """A trained network with its preprocessing; thread-safe.

    Attributes:
        dtype: type of the inputs and weights.
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
        self.dtype = np.dtype(spec.dtype)
        self._preprocessing = preprocessing
        self._has_deviations = isinstance(spec.loss, Gaussian)
        self._activation = build_activation(spec.network.output.activation, self.dtype)
        network = spec.network_for(preprocessing.width)
        self._network = build_network(network, preprocessing.width, self.dtype)
        self._network.load(weights)
        # Acquired per chunk: other requests can run between two chunks of a large request.
        self._lock = FairLock()
        self._rows_at_once = chunk_rows(self._network.layers, self.dtype)
        self.nbytes = self._network.bytes_for(self._rows_at_once)
        self.gives_probabilities = spec.network.output.activation in PROBABILITY_ACTIVATIONS

    def predict(self, columns: Mapping[str, Column]) -> Floats:
        """Return the predictions for every row.

        Classification: `(rows, classes)`, in the order of the target's classes: probabilities for
        softmax and sigmoid outputs (a sigmoid over more than two classes scores each class
        independently, so the probabilities need not sum to one), raw scores for other outputs.
        Regression: `(rows,)`, float64, in the target's unit; `(rows, targets)` for several targets.
        Multi-label: `(rows, labels)`, the probability of each label's second class.
        Reconstruction: `(rows, inputs)`, the scaled inputs as the network reconstructs them.

        Raises:
            DataError: a column is missing or has the wrong kind, or a number is too large.
        """
        return self.answer(columns).values

    def answer(self, columns: Mapping[str, Column]) -> Predictions:
        """Return the predictions of `predict` with their standard deviations. Raises DataError."""
        chunks = self._run(columns, lambda _, outputs: self._to_target_units(outputs))
        values = np.concatenate([chunk.values for chunk in chunks])
        deviations = [chunk.deviations for chunk in chunks if chunk.deviations is not None]
        return Predictions(values, np.concatenate(deviations) if deviations else None)

    def reconstruct(self, columns: Mapping[str, Column]) -> Reconstructions:
        """Return the reconstruction of every row, its errors and its anomaly score.

        Raises:
            DataError: a column is missing or has the wrong kind, or a number is too large.
        """
        preprocessing = self._preprocessing
        target = preprocessing.target
        assert isinstance(target, InputsTarget)  # noqa: S101 - documented
        chunks = self._run(columns, lambda x, outputs: (outputs, squared_errors(outputs, x)))
        squared = np.concatenate([errors for _, errors in chunks])
        errors, quantiles = row_errors(squared), target.error_quantiles
        return Reconstructions(
            errors=errors,
            column_errors=column_errors(squared, preprocessing.column_widths),
            scores=None if quantiles is None else anomaly_scores(errors, quantiles),
            values=preprocessing.decode(np.concatenate([outputs for outputs, _ in chunks])),
        )

    def _run(
        self, columns: Mapping[str, Column], convert: Callable[[Floats, Floats], Converted]
    ) -> list[Converted]:
        """Return the converted inputs and outputs of each chunk of rows. Raises DataError."""
        rows = self._preprocessing.count_rows(columns)
        try:
            return [
                convert(*self._run_chunk(columns, slice(start, start + self._rows_at_once)))
                for start in range(0, max(rows, 1), self._rows_at_once)
            ]
        finally:
            self._release()

    def _release(self) -> None:
        """Free the workspaces if they exceed CHUNK_BYTES; otherwise the next request reuses them.

        They exceed it only if those of a single row do.
        """
        if self.nbytes - self._network.bytes_for(0) > CHUNK_BYTES:
            with self._lock:
                self._network.release()

    def _run_chunk(self, columns: Mapping[str, Column], rows: slice) -> tuple[Floats, Floats]:
        """Return the inputs and outputs of a chunk. Raises DataError."""
        taken = {name: take_rows(column, rows) for name, column in columns.items()}
        x = self._preprocessing.transform(taken, self.dtype)
        with self._lock, np.errstate(all="ignore"):
            outputs = self._activation.predict(self._network.predict(x)).copy()
        _require_finite(outputs)
        return x, outputs

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
            case ClassTarget() | LabelTargets() | InputsTarget():
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


def _require_finite(*arrays: Floats | None) -> None:
    for array in arrays:
        if array is not None and not np.isfinite(array).all():
            message = "the network's outputs for these rows are not finite"
            raise DataError(message)
