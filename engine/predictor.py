"""Inference with a trained network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.activations import build_activation
from engine.arrays import Floats
from engine.data.table import Column, take_rows
from engine.errors import DataError
from engine.fair_lock import FairLock
from engine.layers.chunks import CHUNK_BYTES, chunk_rows
from engine.metrics.anomaly_scores import anomaly_scores, column_errors, row_errors, squared_errors
from engine.network import build_network
from engine.preprocessing.decode import DecodedValue
from engine.preprocessing.fitted import (
    ClassTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    numbers_of,
)
from engine.preprocessing.hold import hold_in_range
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import PROBABILITY_ACTIVATIONS, Gaussian, ResolvedSpec

# Row and column of values.
Places: TypeAlias = tuple[tuple[int, int], ...]
# One or two arrays with an entry per row, and their computation from inputs and outputs.
RowArrays: TypeAlias = tuple[Floats, Floats | None]
Convert: TypeAlias = Callable[[Floats, Floats], RowArrays]


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
    replaced: Places = ()


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
        replaced: as in `Predictions`.
    """

    errors: Floats
    column_errors: Floats
    scores: Floats | None
    values: list[list[DecodedValue]]
    replaced: Places = ()


class Predictor:
    """A trained network with its preprocessing; thread-safe.

    Attributes:
        dtype: type of the inputs and weights.
        has_deviations: whether the network estimates a standard deviation per number.
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
        self.has_deviations = isinstance(spec.loss, Gaussian)
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
            DataError: a column is missing or has the wrong kind, or outputs are not finite even
                with every number within the range of the training rows.
        """
        return self.answer(columns).values

    def answer(self, columns: Mapping[str, Column]) -> Predictions:
        """Return the predictions of `predict` with their standard deviations. Raises DataError."""
        (values, deviations), replaced = self._run(columns, self._to_target_units)
        return Predictions(values, deviations, replaced)

    def reconstruct(self, columns: Mapping[str, Column]) -> Reconstructions:
        """Return the reconstruction of every row, its errors and its anomaly score.

        Raises:
            DataError: as `predict`.
        """
        preprocessing = self._preprocessing
        target = preprocessing.target
        assert isinstance(target, InputsTarget)  # noqa: S101 - documented
        (outputs, by_input), replaced = self._run(
            columns, lambda x, outputs: (outputs, squared_errors(outputs, x))
        )
        squared = np.asarray(by_input, np.float64)
        errors, quantiles = row_errors(squared), target.error_quantiles
        return Reconstructions(
            errors=errors,
            column_errors=column_errors(squared, preprocessing.column_widths),
            scores=None if quantiles is None else anomaly_scores(errors, quantiles),
            values=preprocessing.decode(outputs),
            replaced=replaced,
        )

    def _run(self, columns: Mapping[str, Column], convert: Convert) -> tuple[RowArrays, Places]:
        """Return the converted inputs and outputs of all rows, and the numbers replaced.

        Raises DataError.
        """
        rows = self._preprocessing.count_rows(columns)
        chunks: list[RowArrays] = []
        replaced: list[tuple[int, int]] = []
        try:
            for start in range(0, max(rows, 1), self._rows_at_once):
                selected = slice(start, start + self._rows_at_once)
                taken = {name: take_rows(column, selected) for name, column in columns.items()}
                chunk, places = self._run_chunk(taken, convert)
                chunks.append(chunk)
                replaced += [(start + row, column) for row, column in places]
        finally:
            self._release()
        first = np.concatenate([one for one, _ in chunks])
        second = [other for _, other in chunks if other is not None]
        return (first, np.concatenate(second) if second else None), tuple(replaced)

    def _release(self) -> None:
        """Free the workspaces if they exceed CHUNK_BYTES; otherwise the next request reuses them.

        They exceed it only if those of a single row do.
        """
        if self.nbytes - self._network.bytes_for(0) > CHUNK_BYTES:
            with self._lock:
                self._network.release()

    def _run_chunk(
        self, columns: Mapping[str, Column], convert: Convert
    ) -> tuple[RowArrays, Places]:
        """Return the arrays of a chunk of rows, and the numbers replaced. Raises DataError.

        Rows with a value that is not finite are computed again, with every number within the range
        of the training rows.
        """
        arrays, is_finite = self._compute(columns, convert)
        if is_finite.all():
            return arrays, ()
        rows = np.flatnonzero(~is_finite)
        held = hold_in_range(self._preprocessing.columns, columns, rows)
        again, is_finite = self._compute(held.columns, convert)
        if not is_finite.all():
            message = (
                "the network's outputs for these rows are not finite, even with every number "
                "within the range of the training rows"
            )
            raise DataError(message)
        for array, replacement in zip(arrays, again, strict=True):
            if array is not None and replacement is not None:
                array[rows] = replacement
        places = np.argwhere(held.replaced).tolist()
        return arrays, tuple((int(rows[row]), column) for row, column in places)

    def _compute(
        self, columns: Mapping[str, Column], convert: Convert
    ) -> tuple[RowArrays, NDArray[np.bool_]]:
        """Return the arrays of rows, and whether all values of each row are finite."""
        x = self._preprocessing.transform(columns, self.dtype, allow_infinite=True)
        with np.errstate(all="ignore"):
            with self._lock:
                outputs = self._activation.predict(self._network.predict(x)).copy()
            arrays = convert(x, outputs)
        is_finite = np.ones(len(x), np.bool_)
        for array in (outputs, *arrays):
            if array is not None:
                is_finite &= np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        return arrays, is_finite

    def _to_target_units(self, _x: Floats, outputs: Floats) -> RowArrays:
        """Undo the target's scaling, or expand a binary sigmoid to one column per class.

        Returns values and standard deviations.
        """
        target = self._preprocessing.target
        match target:
            case NumericTarget():
                values, deviations = self._to_numbers(outputs, target)
                return values[:, 0], None if deviations is None else deviations[:, 0]
            case NumericTargets():
                return self._to_numbers(outputs, target)
            case ClassTarget() if outputs.shape[1] == 1:
                return np.concatenate((1 - outputs, outputs), axis=1), None
            case ClassTarget() | LabelTargets() | InputsTarget():
                return outputs, None
            case _:
                assert_never(target)

    def _to_numbers(self, outputs: Floats, target: NumericTarget | NumericTargets) -> RowArrays:
        """Undo the scaling of each numeric target; both arrays are `(rows, targets)`."""
        targets = numbers_of(target)
        columns = [one.to_own_unit(outputs[:, i]) for i, one in enumerate(targets)]
        if not self.has_deviations:
            return np.stack(columns, axis=1), None
        # The outputs of gaussian after the means are the log variances.
        deviations = [
            np.exp(outputs[:, len(targets) + i].astype(np.float64) / 2) * one.scale
            for i, one in enumerate(targets)
        ]
        return np.stack(columns, axis=1), np.stack(deviations, axis=1)
