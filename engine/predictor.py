"""Inference with a trained network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.activations import build_activation
from engine.arrays import Floats, Shape
from engine.data.matrix_columns import take_table_rows
from engine.data.table import Column
from engine.errors import DataError
from engine.fair_lock import FairLock
from engine.layers.chunks import CHUNK_BYTES, chunk_rows
from engine.metrics.anomaly_scores import anomaly_scores, column_errors, row_errors, squared_errors
from engine.network import build_network
from engine.preprocessing.decode import DecodedValue
from engine.preprocessing.fitted import InputsTarget
from engine.preprocessing.hold import hold_in_range
from engine.preprocessing.predictions import ValuesAndDeviations, to_predictions
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import PROBABILITY_ACTIVATIONS, Gaussian, ResolvedSpec

# Row and column of values.
Places: TypeAlias = tuple[tuple[int, int], ...]
# Arrays with an entry per row, and the computation of two of them from inputs and outputs.
RowArrays: TypeAlias = tuple[Floats | None, ...]
Convert: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats | None]]
# Name of the output layer, whose activation is not a layer of the network.
_OUTPUT = "output"


@dataclass(frozen=True)
class Predictions:
    """Predicted values, and their standard deviations if the network estimates them.

    Attributes:
        values: predictions as returned by `Predictor.predict`.
        deviations: standard deviation of each value, of the values' shape, in the target's unit;
            None unless the network was trained with the gaussian loss, which learns it.
        replaced: row and column of each number that was replaced by one within the range of the
            training rows, because the row's outputs were not finite.
        activations: outputs of the requested layers by name, each `(rows, *shape)`.
    """

    values: Floats
    deviations: Floats | None
    replaced: Places = ()
    activations: Mapping[str, Floats] = field(default_factory=dict)


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
        activations: as in `Predictions`.
    """

    errors: Floats
    column_errors: Floats
    scores: Floats | None
    values: list[list[DecodedValue]]
    replaced: Places = ()
    activations: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class _Run:
    """Both converted arrays of all rows, the numbers replaced, and the layers' outputs by name."""

    values: Floats
    others: Floats | None
    replaced: Places
    activations: Mapping[str, Floats]


class Predictor:
    """A trained network with its preprocessing; thread-safe.

    Attributes:
        dtype: type of the inputs and weights.
        has_deviations: whether the network estimates a standard deviation per number.
        gives_probabilities: whether the outputs for classes are probabilities, not scores.
        nbytes: upper bound of the bytes of weights and workspaces; constant, because it includes
            full workspaces even before the first prediction.
        layer_shapes: shape of one row of each layer's output, by names such as `layers.0`; the
            last is `output`.

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
        self._spec = spec
        self._preprocessing = preprocessing
        self.has_deviations = isinstance(spec.loss, Gaussian)
        self._activation = build_activation(spec.network.output.activation, self.dtype)
        network = spec.network_for(preprocessing.width)
        self._network = build_network(network, preprocessing.width, self.dtype)
        self._network.load(weights)
        self.layer_shapes: Mapping[str, Shape] = self._network.layer_shapes()
        # Acquired per chunk: other requests can run between two chunks of a large request.
        self._lock = FairLock()
        self._rows_at_once = chunk_rows(self._network.layers, self.dtype)
        self.nbytes = self._network.bytes_for(self._rows_at_once)
        # Only if those of a single row do.
        self._exceeds_chunk = self.nbytes - self._network.bytes_for(0) > CHUNK_BYTES
        self.gives_probabilities = spec.network.output.activation in PROBABILITY_ACTIVATIONS

    def share_weights(self) -> "Predictor":
        """Return a predictor with the same weights in memory, and workspaces of its own.

        Neither waits for the other.
        """
        other = Predictor(self._spec, self._preprocessing, self._network.named_parameters())
        other._network.share_parameters(self._network)
        return other

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

    def answer(self, columns: Mapping[str, Column], layers: Sequence[str] = ()) -> Predictions:
        """Return the predictions of `predict` with their standard deviations.

        Args:
            columns: input columns by name.
            layers: layers whose outputs are returned as well, names of `layer_shapes`. They are
                computed in the same pass, after the layer's activation function, and do not change
                the predictions.

        Raises:
            DataError: as `predict`.
        """
        run = self._run(columns, self._to_predictions, layers)
        return Predictions(run.values, run.others, run.replaced, run.activations)

    def reconstruct(
        self, columns: Mapping[str, Column], layers: Sequence[str] = ()
    ) -> Reconstructions:
        """Return the reconstruction of every row, its errors and its anomaly score.

        Args and errors as `answer`.
        """
        preprocessing = self._preprocessing
        target = preprocessing.target
        assert isinstance(target, InputsTarget)  # noqa: S101 - documented
        run = self._run(columns, lambda x, outputs: (outputs, squared_errors(outputs, x)), layers)
        squared = np.asarray(run.others, np.float64)
        errors, quantiles = row_errors(squared), target.error_quantiles
        return Reconstructions(
            errors=errors,
            column_errors=column_errors(squared, preprocessing.column_widths),
            scores=None if quantiles is None else anomaly_scores(errors, quantiles),
            values=preprocessing.decode(run.values),
            replaced=run.replaced,
            activations=run.activations,
        )

    def _run(self, columns: Mapping[str, Column], convert: Convert, layers: Sequence[str]) -> _Run:
        """Convert the inputs and outputs of all rows, in chunks. Raises DataError."""
        try:
            if self._preprocessing.count_rows(columns) <= self._rows_at_once:
                arrays, replaced = self._run_chunk(columns, convert, layers)
            else:
                arrays, replaced = self._run_chunks(columns, convert, layers)
        finally:
            self._release()
        values, others, *seen = arrays
        assert values is not None  # noqa: S101 - only others can be None
        activations = {n: y for n, y in zip(layers, seen, strict=True) if y is not None}
        return _Run(values, others, replaced, activations)

    def _run_chunks(
        self, columns: Mapping[str, Column], convert: Convert, layers: Sequence[str]
    ) -> tuple[RowArrays, Places]:
        """Return the arrays of all chunks of rows, and the numbers replaced. Raises DataError."""
        chunks: list[RowArrays] = []
        replaced: list[tuple[int, int]] = []
        for start in range(0, self._preprocessing.count_rows(columns), self._rows_at_once):
            taken = take_table_rows(columns, slice(start, start + self._rows_at_once))
            chunk, places = self._run_chunk(taken, convert, layers)
            chunks.append(chunk)
            replaced += [(start + row, column) for row, column in places]
        return tuple(_join(parts) for parts in zip(*chunks, strict=True)), tuple(replaced)

    def _release(self) -> None:
        """Free the workspaces if they exceed CHUNK_BYTES; else the next request reuses them."""
        if self._exceeds_chunk:
            with self._lock:
                self._network.release()

    def _run_chunk(
        self, columns: Mapping[str, Column], convert: Convert, layers: Sequence[str]
    ) -> tuple[RowArrays, Places]:
        """Return the arrays of a chunk of rows, and the numbers replaced. Raises DataError.

        Rows with a value that is not finite are computed again, with every number within the range
        of the training rows.
        """
        arrays, is_finite = self._compute(columns, convert, layers)
        if is_finite is None:
            return arrays, ()
        rows = np.flatnonzero(~is_finite)
        held = hold_in_range(self._preprocessing.columns, columns, rows)
        again, is_finite = self._compute(held.columns, convert, layers)
        if is_finite is not None:
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
        self, columns: Mapping[str, Column], convert: Convert, layers: Sequence[str]
    ) -> tuple[RowArrays, NDArray[np.bool_] | None]:
        """Return the arrays of rows, and `_find_finite` of outputs and converted values.

        The layers' outputs follow the converted values. They may be infinite: a layer that is asked
        for must not change which rows are computed again.
        """
        x = self._preprocessing.transform(columns, self.dtype, allow_infinite=True)
        with np.errstate(all="ignore"):
            with self._lock:
                outputs, seen = self._forward(x, layers)
            converted = convert(x, outputs)
            return (*converted, *seen), _find_finite(outputs, *converted)

    def _forward(self, x: Floats, layers: Sequence[str]) -> tuple[Floats, list[Floats]]:
        """Return copies of the network's outputs and of the layers' outputs."""
        if not layers:
            return self._activation.predict(self._network.predict(x)).copy(), []
        logits, seen = self._network.predict_layers(x, layers)
        outputs = self._activation.predict(logits).copy()
        return outputs, [outputs if name == _OUTPUT else seen[name] for name in layers]

    def _to_predictions(self, _x: Floats, outputs: Floats) -> ValuesAndDeviations:
        target, has_deviations = self._preprocessing.target, self.has_deviations
        return to_predictions(outputs, target, has_deviations=has_deviations)


def _join(parts: Sequence[Floats | None]) -> Floats | None:
    """Return the rows of all chunks in one array; None if the chunks have none."""
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if present else None


def _find_finite(outputs: Floats, *converted: Floats | None) -> NDArray[np.bool_] | None:
    """Return for which rows all values are finite, shape `(rows,)`; None if they all are."""
    # Probabilities are the outputs themselves.
    arrays = [outputs, *(a for a in converted if a is not None and a is not outputs)]
    if all(np.count_nonzero(np.isfinite(array)) == array.size for array in arrays):
        return None
    is_finite = np.ones(len(outputs), np.bool_)
    for array in arrays:
        is_finite &= np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
    return is_finite
