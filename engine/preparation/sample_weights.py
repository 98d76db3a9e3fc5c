"""Weights of rows: class weight times sample weight in the loss, sample weight in the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.levels import kind_of, read_level
from engine.data.table import Column, FileConventions, NumericColumn, level_text
from engine.data.value_reader import ValueReader, WrongValueError
from engine.errors import DataError
from engine.preprocessing.fitted import ClassTarget
from engine.preprocessing.labels import ClassLabels, Labels
from engine.specs import ResolvedSpec


@dataclass(frozen=True)
class SampleWeights:
    """Computes the weights of a split's rows, each divided by its mean over these rows.

    Attributes:
        by_class: weight of each class, `(classes,)`; None if all are equal.
        column: name of the column of sample weights; None if there is none.
        dtype: type of the result.
    """

    by_class: NDArray[np.float64] | None
    column: str | None
    dtype: np.dtype[Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays: `weights` for the loss, `sample_weights` for the metrics.

        Without class weights, the loss takes the sample weights; without a column, the metrics are
        not weighted.
        """
        if self.by_class is None:
            return ("sample_weights",)
        return ("weights",) if self.column is None else ("weights", "sample_weights")

    def weights_of(
        self, columns: Mapping[str, Column], labels: Labels, rows: Indices, split: str
    ) -> dict[str, Floats]:
        """Return the weights of the rows, `(rows,)`, by the names of `names`.

        Args:
            columns: columns by name.
            labels: targets of all rows.
            rows: indices of the split's rows.
            split: name of the split, for messages.

        Raises:
            DataError: a weight is missing or negative, or all weights are 0.
        """
        sample_weights = np.ones(len(rows))
        if self.column is not None:
            sample_weights = _column_weights(columns, self.column, rows)
        found = {"sample_weights": sample_weights}
        if self.by_class is not None:
            found["weights"] = self.by_class[labels.codes[rows]] * sample_weights
        return {name: self._normalize(found[name], split) for name in self.names}

    def _normalize(self, weights: NDArray[np.float64], split: str) -> Floats:
        mean = float(weights.mean())
        if mean == 0:
            message = f"all {split} rows have weight 0: change class_weight or sample_weight"
            raise DataError(message)
        return (weights / mean).astype(self.dtype)


def fit_sample_weights(
    spec: ResolvedSpec, labels: Labels, training: Indices, words: FileConventions
) -> SampleWeights | None:
    """Return the sample weights that the spec requests; None if all rows have the same weight.

    Args:
        spec: the training's spec.
        labels: targets of all rows.
        training: indices of the training rows.
        words: notation of the table's file, in which classes are named.

    Raises:
        DataError: a class is unknown.
    """
    if spec.class_weight is None and spec.sample_weight is None:
        return None
    by_class = None
    if spec.class_weight is not None and isinstance(labels, ClassLabels):
        by_class = _class_weights(spec, labels.target, labels.codes[training], words)
    return SampleWeights(by_class, spec.sample_weight, np.dtype(spec.dtype))


def _class_weights(
    spec: ResolvedSpec, target: ClassTarget, codes: Indices, words: FileConventions
) -> NDArray[np.float64]:
    """Return the weight of each class, shape `(classes,)`."""
    if spec.class_weight == "balanced":
        counts = np.bincount(codes, minlength=len(target.classes))
        # Classes without training rows are not balanced and need no weight.
        return len(codes) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    index_of = {label: index for index, label in enumerate(target.classes)}
    reader, kind = ValueReader(words), kind_of(target.classes)
    weights = np.ones(len(target.classes))
    for name, weight in (spec.class_weight or {}).items():
        try:
            label = read_level(reader, kind, name, target.classes)
        except WrongValueError:
            label = None
        if label is None or label not in index_of:
            classes = ", ".join(level_text(label) for label in target.classes)
            message = f"class_weight names {name!r}; the classes are {classes}"
            raise DataError(message)
        weights[index_of[label]] = weight
    return weights


def _column_weights(columns: Mapping[str, Column], name: str, rows: Indices) -> NDArray[np.float64]:
    """Return the rows' values in the weight column, times a power of two: no sum overflows."""
    column = columns.get(name)
    if not isinstance(column, NumericColumn):
        message = f"sample_weight needs a numeric column; there is no numeric column {name!r}"
        raise DataError(message)
    values = column.values[rows]
    if not (values >= 0).all():
        message = f"column {name!r} has a weight that is missing or negative"
        raise DataError(message)
    _, exponent = np.frexp(values.max())
    return np.ldexp(values, -int(exponent))
