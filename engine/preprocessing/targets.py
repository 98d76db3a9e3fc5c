"""Fitting of the targets, and their encoding for the loss."""

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices, Shape, Targets
from engine.data.rows import Rows
from engine.errors import DataError
from engine.losses.build import takes_class_indices
from engine.preprocessing.fit import fit_numeric_target
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    numbers_of,
)
from engine.preprocessing.labels import (
    ClassLabels,
    ColumnLabels,
    Labels,
    MultiLabels,
    NoLabels,
    NumberLabels,
)
from engine.specs import ResolvedSpec

# Rows encoded per chunk.
_CHUNK_ROWS = 16_384


def fit_target(
    spec: ResolvedSpec, labels: Labels, training: Indices, fitted: FittedTarget | None
) -> FittedTarget:
    """Return the fitted target, or fit one on the training rows. Raises DataError."""
    if isinstance(labels, NoLabels):
        # The errors of an earlier training are not those of this one.
        return InputsTarget()
    if not isinstance(labels, NumberLabels):
        return labels.target
    if fitted is not None:
        return _require_numbers(labels, fitted)
    targets = tuple(
        fit_numeric_target(name, values, spec.preprocessing)
        for name, values in zip(labels.names, labels.values[training].T, strict=True)
    )
    for target, values in zip(targets, labels.values[training].T, strict=True):
        _check_precision(target, values, np.dtype(spec.dtype))
    return targets[0] if len(targets) == 1 else NumericTargets(targets)


def _require_numbers(labels: NumberLabels, fitted: FittedTarget) -> FittedTarget:
    if not isinstance(fitted, NumericTarget | NumericTargets):
        message = f"column {labels.names[0]!r} has numbers, but the model predicts classes"
        raise DataError(message)
    if len(numbers_of(fitted)) != len(labels.names):
        message = f"the model predicts {len(numbers_of(fitted))} numbers, not {len(labels.names)}"
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
    or `(rows, 1)` for two classes and a single output. Scaled numbers, `(rows, targets)`, for
    regression. A zero or one per label, `(rows, labels)`, for multi-label.
    """

    target: FittedTarget
    row_shape: Shape
    dtype: np.dtype[Any]

    def write(self, labels: ColumnLabels, rows: Indices, out: Rows) -> None:
        """Encode the rows, one chunk at a time. Raises DataError if a number is too large."""
        for start in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[start : start + _CHUNK_ROWS]
            out[start : start + len(chunk)] = self._encode(labels, chunk)

    def _encode(self, labels: ColumnLabels, rows: Indices) -> Targets:
        match labels:
            case NumberLabels():
                return self._scale(labels, rows)
            case MultiLabels():
                return labels.values[rows].astype(self.dtype)
            case ClassLabels():
                return self._encode_classes(labels.codes[rows])
            case _:
                assert_never(labels)

    def _encode_classes(self, codes: Indices) -> Targets:
        if not self.row_shape:
            return codes
        if self.row_shape == (1,):
            return codes[:, np.newaxis].astype(self.dtype)
        encoded = np.zeros((len(codes), *self.row_shape), self.dtype)
        encoded[np.arange(len(codes)), codes] = 1
        return encoded

    def _scale(self, labels: NumberLabels, rows: Indices) -> Targets:
        assert isinstance(self.target, NumericTarget | NumericTargets)  # noqa: S101 - as its labels
        targets = numbers_of(self.target)
        center = np.array([target.center for target in targets])
        scale = np.array([target.scale for target in targets])
        with np.errstate(all="ignore"):
            scaled: Floats = ((labels.values[rows] - center) / scale).astype(self.dtype)
        is_finite = np.isfinite(scaled).all(axis=0)
        if not is_finite.all():
            name = targets[int(is_finite.argmin())].name
            message = f"column {name!r} has a number too large for {self.dtype.name}"
            raise DataError(message, name)
        return scaled


def choose_encoding(spec: ResolvedSpec, target: FittedTarget) -> TargetEncoding | None:
    """Return the target encoding that the spec's loss takes; None if the inputs are the target."""
    dtype = np.dtype(spec.dtype)
    match target:
        case NumericTarget() | NumericTargets():
            return TargetEncoding(target, (len(numbers_of(target)),), dtype)
        case LabelTargets():
            return TargetEncoding(target, (len(target.labels),), dtype)
        case ClassTarget() if takes_class_indices(spec.loss):
            return TargetEncoding(target, (), np.dtype(np.intp))
        case ClassTarget():
            columns = 1 if spec.network.output.units == 1 else len(target.classes)
            return TargetEncoding(target, (columns,), dtype)
        case InputsTarget():
            return None
        case _:
            assert_never(target)
