"""The target of every row of a table: read once, fitted, and encoded as the loss takes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices, Shape, Targets
from engine.data.rows import Rows
from engine.data.table import Column, NumericColumn
from engine.errors import DataError
from engine.losses.build import takes_class_indices
from engine.preprocessing.fit import fit_class_target, fit_numeric_target
from engine.preprocessing.fitted import ClassTarget, FittedTarget, NumericTarget
from engine.specs import ResolvedSpec

# Rows encoded at a time.
_CHUNK_ROWS = 16_384


@dataclass(frozen=True)
class ClassLabels:
    """Each row's class as an index into the target's, `(rows,)`, −1 for a row without one."""

    target: ClassTarget
    codes: Indices

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows have a target, `(rows,)`."""
        return self.codes >= 0


@dataclass(frozen=True)
class NumberLabels:
    """Each row's number, `(rows,)`, NaN for a row without one; all rows are of one class, 0."""

    name: str
    values: NDArray[np.float64]

    @property
    def codes(self) -> Indices:
        """0 for every row, `(rows,)`."""
        return np.zeros(len(self.values), np.intp)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows have a target, `(rows,)`."""
        return ~np.isnan(self.values)


Labels = ClassLabels | NumberLabels


def read_labels(spec: ResolvedSpec, column: Column, known: FittedTarget | None) -> Labels:
    """What the target's column says of each row.

    Args:
        spec: of the training.
        column: the target's.
        known: the target as fitted before, if the column must speak of the same one.

    Raises:
        DataError: it does not hold what the spec was resolved for.
    """
    if spec.task == "regression":
        if not isinstance(column, NumericColumn):
            message = f"column {spec.target!r} has categories; regression needs numbers"
            raise DataError(message)
        return NumberLabels(spec.target, column.values)
    target, codes = fit_class_target(spec.target, column)
    if known is not None:
        target, codes = _recode(target, codes, known)
    units = spec.network.output.units
    expected = 2 if units == 1 else units
    if len(target.classes) != expected:
        message = f"column {spec.target!r} has {len(target.classes)} classes, not {expected}"
        raise DataError(message)
    return ClassLabels(target, codes)


def _recode(found: ClassTarget, codes: Indices, known: FittedTarget) -> tuple[ClassTarget, Indices]:
    """Each row's class as its index among the known classes."""
    if not isinstance(known, ClassTarget):
        message = f"column {found.name!r} has classes where the model knows a number"
        raise DataError(message)
    strange = [label for label in found.classes if label not in known.classes]
    if strange:
        message = f"column {found.name!r} has the class {strange[0]!r}, which the model lacks"
        raise DataError(message)
    # The last is for −1, missing.
    index_of = np.array([*(known.classes.index(label) for label in found.classes), -1], np.intp)
    return known, index_of[codes]


def fit_target(
    spec: ResolvedSpec, labels: Labels, training: Indices, known: FittedTarget | None
) -> FittedTarget:
    """The target, fitted to the training rows, or as it is known. Raises DataError."""
    if isinstance(labels, ClassLabels):
        return labels.target
    if known is None:
        return fit_numeric_target(spec.target, labels.values[training], spec.preprocessing)
    if not isinstance(known, NumericTarget):
        message = f"column {spec.target!r} has numbers where the model knows classes"
        raise DataError(message)
    return known


@dataclass(frozen=True)
class TargetEncoding:
    """How a row's target is given to the loss: an index, or numbers.

    Class indices `(rows,)` where the loss wants them; else 0 and 1, `(rows, classes)`, or
    `(rows, 1)` for two classes and one output. A number, scaled, `(rows, 1)`.
    """

    target: FittedTarget
    row_shape: Shape
    dtype: np.dtype[Any]

    def write(self, labels: Labels, rows: Indices, out: Rows) -> None:
        """Encode the rows, a chunk at a time. Raises DataError: a number is too large."""
        for start in range(0, len(rows), _CHUNK_ROWS):
            taken = rows[start : start + _CHUNK_ROWS]
            out[start : start + len(taken)] = self._encode(labels, taken)

    def _encode(self, labels: Labels, rows: Indices) -> Targets:
        if isinstance(labels, NumberLabels):
            return self._scale(labels.values[rows])
        codes = labels.codes[rows]
        if not self.row_shape:
            return codes
        if self.row_shape == (1,):
            return codes[:, np.newaxis].astype(self.dtype)
        encoded = np.zeros((len(rows), *self.row_shape), self.dtype)
        encoded[np.arange(len(rows)), codes] = 1
        return encoded

    def _scale(self, values: NDArray[np.float64]) -> Targets:
        target = self.target
        assert isinstance(target, NumericTarget)  # noqa: S101 - as its labels are numbers
        with np.errstate(all="ignore"):
            scaled = ((values - target.center) / target.scale).astype(self.dtype)
        if not np.isfinite(scaled).all():
            message = f"column {target.name!r} has a number too large for {self.dtype.name}"
            raise DataError(message)
        return scaled[:, np.newaxis]


def choose_encoding(spec: ResolvedSpec, target: FittedTarget) -> TargetEncoding:
    """As the spec's loss takes its targets."""
    if isinstance(target, NumericTarget):
        return TargetEncoding(target, (1,), np.dtype(spec.dtype))
    if takes_class_indices(spec.loss):
        return TargetEncoding(target, (), np.dtype(np.intp))
    columns = 1 if spec.network.output.units == 1 else len(target.classes)
    return TargetEncoding(target, (columns,), np.dtype(spec.dtype))
