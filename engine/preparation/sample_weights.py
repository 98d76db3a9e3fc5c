"""Sample weights: class weight times the row's own weight."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.levels import kind_of, read_level
from engine.data.table import Column, FileConventions, NumericColumn, level_text
from engine.data.value_reader import ValueReader, WrongValueError
from engine.errors import DataError
from engine.preprocessing.fitted import ClassTarget
from engine.preprocessing.targets import ClassLabels, Labels
from engine.specs import ResolvedSpec


@dataclass(frozen=True)
class SampleWeights:
    """Computes sample weights, normalized to mean 1 over the training rows.

    Attributes:
        by_class: weight of each class, `(classes,)`; None if all are equal.
        column: name of the weight column; None if there is none.
        largest: maximum of that column; it is divided by it so that no sum overflows.
        mean: mean raw weight of the training rows.
        dtype: type of the result.
    """

    by_class: NDArray[np.float64] | None
    column: str | None
    largest: float
    mean: float
    dtype: np.dtype[Any]

    def weights_of(self, columns: Mapping[str, Column], labels: Labels, rows: Indices) -> Floats:
        """Return the weights of the rows, `(rows,)`. Raises DataError if one is invalid."""
        return (self._raw_weights_of(columns, labels, rows) / self.mean).astype(self.dtype)

    def _raw_weights_of(
        self, columns: Mapping[str, Column], labels: Labels, rows: Indices
    ) -> NDArray[np.float64]:
        weights = np.ones(len(rows))
        if self.by_class is not None:
            weights = self.by_class[labels.codes[rows]]
        if self.column is not None:
            weights = weights * (_column_weights(columns, self.column, rows) / self.largest)
        return weights

    def with_mean_of(
        self, columns: Mapping[str, Column], labels: Labels, training: Indices
    ) -> "SampleWeights":
        """Return a copy with mean 1 over the training rows. Raises DataError if all are 0."""
        mean = float(self._raw_weights_of(columns, labels, training).mean())
        if mean == 0:
            message = "all training rows have weight 0: change class_weight or sample_weight"
            raise DataError(message)
        return replace(self, mean=mean)


def fit_sample_weights(
    spec: ResolvedSpec,
    columns: Mapping[str, Column],
    labels: Labels,
    training: Indices,
    words: FileConventions,
) -> SampleWeights | None:
    """Return the sample weights that the spec requests; None if all rows have the same weight.

    Args:
        spec: the training's spec.
        columns: columns by name.
        labels: targets of all rows.
        training: indices of the training rows.
        words: notation of the table's file, in which classes are named.

    Raises:
        DataError: a class is unknown, a weight is missing or negative, or all weights are 0.
    """
    if spec.class_weight is None and spec.sample_weight is None:
        return None
    by_class, largest = None, 1.0
    if spec.class_weight is not None and isinstance(labels, ClassLabels):
        by_class = _class_weights(spec, labels.target, labels.codes[training], words)
    if spec.sample_weight is not None:
        usable = np.flatnonzero(labels.present)
        largest = float(_column_weights(columns, spec.sample_weight, usable).max()) or 1.0
    raw = SampleWeights(by_class, spec.sample_weight, largest, 1.0, np.dtype(spec.dtype))
    return raw.with_mean_of(columns, labels, training)


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
    """Return the rows' values in the weight column."""
    column = columns.get(name)
    if not isinstance(column, NumericColumn):
        message = f"sample_weight needs a numeric column; there is no numeric column {name!r}"
        raise DataError(message)
    values = column.values[rows]
    if not (values >= 0).all():
        message = f"column {name!r} has a weight that is missing or negative"
        raise DataError(message)
    return values
