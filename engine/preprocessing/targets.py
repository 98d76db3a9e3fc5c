"""Reading, fitting and encoding of the target column."""

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

# Rows encoded per chunk.
_CHUNK_ROWS = 16_384


@dataclass(frozen=True)
class ClassLabels:
    """Class index of each row, `(rows,)`; −1 where the target is missing."""

    target: ClassTarget
    codes: Indices

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each row has a target, `(rows,)`."""
        return self.codes >= 0


@dataclass(frozen=True)
class NumberLabels:
    """Numeric target of each row, `(rows,)`; NaN where it is missing. All rows count as class 0."""

    name: str
    values: NDArray[np.float64]

    @property
    def codes(self) -> Indices:
        """0 for every row, `(rows,)`."""
        return np.zeros(len(self.values), np.intp)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each row has a target, `(rows,)`."""
        return ~np.isnan(self.values)


Labels = ClassLabels | NumberLabels


def read_labels(spec: ResolvedSpec, column: Column, fitted: FittedTarget | None) -> Labels:
    """Return the label of each row.

    Args:
        spec: the training's spec.
        column: the target column.
        fitted: a fitted target whose classes the column must use; None to fit a new one.

    Raises:
        DataError: the column does not match the resolved spec.
    """
    if spec.task == "regression":
        if not isinstance(column, NumericColumn):
            message = f"column {spec.target!r} has categories; regression needs numbers"
            raise DataError(message)
        return NumberLabels(spec.target, column.values)
    target, codes = fit_class_target(spec.target, column)
    if fitted is not None:
        target, codes = _recode(target, codes, fitted)
    units = spec.network.output.units
    expected = 2 if units == 1 else units
    if len(target.classes) != expected:
        message = f"column {spec.target!r} has {len(target.classes)} classes, not {expected}"
        raise DataError(message)
    return ClassLabels(target, codes)


def _recode(
    found: ClassTarget, codes: Indices, fitted: FittedTarget
) -> tuple[ClassTarget, Indices]:
    """Map each row's class to its index among the fitted classes."""
    if not isinstance(fitted, ClassTarget):
        message = f"column {found.name!r} has classes, but the model predicts a number"
        raise DataError(message)
    unseen = [label for label in found.classes if label not in fitted.classes]
    if unseen:
        message = f"column {found.name!r} has the class {unseen[0]!r}, which the model lacks"
        raise DataError(message)
    # The last entry is for −1, missing.
    index_of = np.array([*(fitted.classes.index(label) for label in found.classes), -1], np.intp)
    return fitted, index_of[codes]


def fit_target(
    spec: ResolvedSpec, labels: Labels, training: Indices, fitted: FittedTarget | None
) -> FittedTarget:
    """Return the fitted target, or fit one on the training rows. Raises DataError."""
    if isinstance(labels, ClassLabels):
        return labels.target
    if fitted is None:
        target = fit_numeric_target(spec.target, labels.values[training], spec.preprocessing)
        _check_precision(target, labels.values[training], np.dtype(spec.dtype))
        return target
    if not isinstance(fitted, NumericTarget):
        message = f"column {spec.target!r} has numbers, but the model predicts classes"
        raise DataError(message)
    return fitted


def _check_precision(
    target: NumericTarget, values: NDArray[np.float64], dtype: np.dtype[Any]
) -> None:
    """Check that numbers that differ still do in the dtype. Raises DataError."""
    ends = np.array([values.min(), values.max()])
    with np.errstate(all="ignore"):
        lower, upper = ((ends - target.center) / target.scale).astype(dtype)
    if ends[0] < ends[1] and lower == upper:
        message = (
            f"the numbers of column {target.name!r} are all equal in {dtype.name}: set "
            "preprocessing.target to standardize, or dtype to float64"
        )
        raise DataError(message)


@dataclass(frozen=True)
class TargetEncoding:
    """The encoding of targets for the loss.

    Class indices, `(rows,)`, if the loss takes them; otherwise zeros and ones, `(rows, classes)`,
    or `(rows, 1)` for two classes and a single output. Scaled numbers, `(rows, 1)`, for regression.
    """

    target: FittedTarget
    row_shape: Shape
    dtype: np.dtype[Any]

    def write(self, labels: Labels, rows: Indices, out: Rows) -> None:
        """Encode the rows, one chunk at a time. Raises DataError if a number is too large."""
        for start in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[start : start + _CHUNK_ROWS]
            out[start : start + len(chunk)] = self._encode(labels, chunk)

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
    """Return the target encoding that the spec's loss takes."""
    if isinstance(target, NumericTarget):
        return TargetEncoding(target, (1,), np.dtype(spec.dtype))
    if takes_class_indices(spec.loss):
        return TargetEncoding(target, (), np.dtype(np.intp))
    columns = 1 if spec.network.output.units == 1 else len(target.classes)
    return TargetEncoding(target, (columns,), np.dtype(spec.dtype))
