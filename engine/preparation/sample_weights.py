"""How much each row counts: its class's weight times its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.table import Column, Level, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fitted import ClassTarget
from engine.preprocessing.targets import ClassLabels, Labels
from engine.specs import ResolvedSpec


@dataclass(frozen=True)
class SampleWeights:
    """How much a row counts: its class's weight times its own, in units of the training's mean.

    Attributes:
        by_class: weight of each class, `(classes,)`; None if all count alike.
        column: whose numbers say how much each row counts; None if all count alike.
        largest: of that column: no sum of what is divided by it is too large.
        mean: of the training rows' weights.
        dtype: of the result.
    """

    by_class: NDArray[np.float64] | None
    column: str | None
    largest: float
    mean: float
    dtype: np.dtype[Any]

    def weigh(self, columns: Mapping[str, Column], labels: Labels, rows: Indices) -> Floats:
        """How much each of the rows counts, `(rows,)`. Raises DataError: it cannot be known."""
        return (self._weigh(columns, labels, rows) / self.mean).astype(self.dtype)

    def _weigh(
        self, columns: Mapping[str, Column], labels: Labels, rows: Indices
    ) -> NDArray[np.float64]:
        weights = np.ones(len(rows))
        if self.by_class is not None:
            weights = self.by_class[labels.codes[rows]]
        if self.column is not None:
            weights = weights * (_own_weights(columns, self.column, rows) / self.largest)
        return weights

    def with_mean_of(
        self, columns: Mapping[str, Column], labels: Labels, training: Indices
    ) -> "SampleWeights":
        """The same, such that the training rows count 1 on average. Raises DataError."""
        mean = float(self._weigh(columns, labels, training).mean())
        if mean == 0:
            message = "no training row counts: class_weight and sample_weight make all of them 0"
            raise DataError(message)
        return replace(self, mean=mean)


def fit_sample_weights(
    spec: ResolvedSpec, columns: Mapping[str, Column], labels: Labels, training: Indices
) -> SampleWeights | None:
    """The weights that the spec asks for; None if all rows count alike.

    Args:
        spec: of the training.
        columns: by name.
        labels: the targets of all rows.
        training: which rows are trained on.

    Raises:
        DataError: a class is unknown, a weight is missing or negative, or no row counts.
    """
    if spec.class_weight is None and spec.sample_weight is None:
        return None
    by_class, largest = None, 1.0
    if spec.class_weight is not None and isinstance(labels, ClassLabels):
        by_class = _class_weights(spec, labels.target, labels.codes[training])
    if spec.sample_weight is not None:
        usable = np.flatnonzero(labels.present)
        largest = float(_own_weights(columns, spec.sample_weight, usable).max()) or 1.0
    raw = SampleWeights(by_class, spec.sample_weight, largest, 1.0, np.dtype(spec.dtype))
    return raw.with_mean_of(columns, labels, training)


def _class_weights(spec: ResolvedSpec, target: ClassTarget, codes: Indices) -> NDArray[np.float64]:
    """Weight of each class, shape `(classes,)`."""
    if spec.class_weight == "balanced":
        counts = np.bincount(codes, minlength=len(target.classes))
        # A class that no training row has needs no weight, and is not one of those to balance.
        return len(codes) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    asked = dict(spec.class_weight or {})
    weights = [asked.pop(_text(label), 1.0) for label in target.classes]
    if asked:
        known = ", ".join(_text(label) for label in target.classes)
        message = f"class_weight names {next(iter(asked))!r}; the classes are {known}"
        raise DataError(message)
    return np.array(weights)


def _text(label: Level) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _own_weights(columns: Mapping[str, Column], name: str, rows: Indices) -> NDArray[np.float64]:
    """The rows' numbers in that column."""
    column = columns.get(name)
    if not isinstance(column, NumericColumn):
        message = f"there is no column {name!r} of numbers to weigh rows by"
        raise DataError(message)
    values = column.values[rows]
    if not (values >= 0).all():
        message = f"column {name!r} has a weight that is missing or negative"
        raise DataError(message)
    return values
