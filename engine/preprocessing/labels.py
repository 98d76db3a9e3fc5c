"""Labels: the targets of all rows, as read from their columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fit import fit_class_target
from engine.preprocessing.fitted import ClassTarget, FittedTarget, LabelTargets
from engine.specs import ResolvedSpec

# Combinations of labels with fewer rows are one stratum of the split together.
LEAST_STRATUM_ROWS = 5


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
    """Numeric targets of each row, `(rows, targets)`; NaN where one is missing.

    All rows count as class 0.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def codes(self) -> Indices:
        """0 for every row, `(rows,)`."""
        return np.zeros(len(self.values), np.intp)

    @property
    def lacking(self) -> Indices:
        """Number of rows that lack each target, `(targets,)`."""
        counts: Indices = np.count_nonzero(np.isnan(self.values), axis=0)
        return counts

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each row has every target, `(rows,)`."""
        present: NDArray[np.bool_] = ~np.logical_or.reduce(np.isnan(self.values), axis=1)
        return present


@dataclass(frozen=True)
class MultiLabels:
    """Class index of each label of each row, `(rows, labels)`; −1 where it is missing."""

    target: LabelTargets
    values: NDArray[np.int8]

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each row has every label, `(rows,)`."""
        present: NDArray[np.bool_] = np.logical_and.reduce(self.values >= 0, axis=1)
        return present

    @cached_property
    def codes(self) -> Indices:
        """Stratum of each row, `(rows,)`: its combination of labels; −1 where one is missing.

        The combinations with few rows are one stratum together.
        """
        combination, counts = self._combinations
        is_frequent = counts >= LEAST_STRATUM_ROWS
        stratum = np.where(is_frequent, np.cumsum(is_frequent) - 1, np.count_nonzero(is_frequent))
        codes = np.full(len(self.values), -1, np.intp)
        codes[self.present] = stratum[combination]
        return codes

    @property
    def lacking(self) -> Indices:
        """Number of rows that lack each label, `(labels,)`."""
        counts: Indices = np.count_nonzero(self.values < 0, axis=0)
        return counts

    @property
    def rare_combinations(self) -> Indices:
        """Number of rows of each combination that is not a stratum of its own."""
        counts = self._combinations[1]
        return counts[counts < LEAST_STRATUM_ROWS]

    @cached_property
    def _combinations(self) -> tuple[Indices, Indices]:
        """Index of each complete row's combination, and number of rows of each combination."""
        _, combination, counts = np.unique(
            self.values[self.present], axis=0, return_inverse=True, return_counts=True
        )
        return combination.reshape(-1), counts


@dataclass(frozen=True)
class NoLabels:
    """Rows whose target is their inputs. All rows count as class 0."""

    rows: int

    @property
    def codes(self) -> Indices:
        """0 for every row, `(rows,)`."""
        return np.zeros(self.rows, np.intp)

    @property
    def present(self) -> NDArray[np.bool_]:
        """True for every row, `(rows,)`."""
        return np.ones(self.rows, np.bool_)


ColumnLabels = ClassLabels | NumberLabels | MultiLabels
Labels = ColumnLabels | NoLabels


def read_labels(
    spec: ResolvedSpec, columns: Mapping[str, Column], fitted: FittedTarget | None
) -> ColumnLabels:
    """Return the labels of each row.

    Args:
        spec: the training's spec.
        columns: columns by name, including the targets.
        fitted: a fitted target whose classes the columns must use; None to fit a new one.

    Raises:
        DataError: a column does not match the resolved spec.
    """
    names = spec.targets
    if spec.task == "regression":
        values = [_numbers(name, columns[name]) for name in names]
        return NumberLabels(names, np.stack(values, axis=1))
    if spec.task == "multi_label":
        read = [
            _read_classes(name, columns[name], 2, known)
            for name, known in zip(names, _labels_of(fitted, names), strict=True)
        ]
        codes = np.stack([label.codes.astype(np.int8) for label in read], axis=1)
        return MultiLabels(LabelTargets(tuple(label.target for label in read)), codes)
    units = spec.network.output.units
    return _read_classes(names[0], columns[names[0]], 2 if units == 1 else units, fitted)


def _numbers(name: str, column: Column) -> NDArray[np.float64]:
    if not isinstance(column, NumericColumn):
        message = f"column {name!r} has categories; regression needs numbers"
        raise DataError(message)
    return column.values


def _labels_of(
    fitted: FittedTarget | None, names: tuple[str, ...]
) -> Iterable[FittedTarget | None]:
    """Return the fitted target of each label; None for each without a fitted target."""
    if fitted is None:
        return (None,) * len(names)
    if not isinstance(fitted, LabelTargets) or len(fitted.labels) != len(names):
        message = f"the model does not predict the {len(names)} labels {', '.join(names)}"
        raise DataError(message)
    return fitted.labels


def _read_classes(
    name: str, column: Column, expected: int, fitted: FittedTarget | None
) -> ClassLabels:
    target, codes = fit_class_target(name, column)
    if fitted is not None:
        target, codes = _recode(target, codes, fitted)
    if len(target.classes) != expected:
        message = f"column {name!r} has {len(target.classes)} classes, not {expected}"
        raise DataError(message)
    return ClassLabels(target, codes)


def _recode(
    found: ClassTarget, codes: Indices, fitted: FittedTarget
) -> tuple[ClassTarget, Indices]:
    """Map each row's class to its index among the fitted classes."""
    if not isinstance(fitted, ClassTarget):
        message = f"column {found.name!r} has classes, but the model predicts something else"
        raise DataError(message)
    unseen = [label for label in found.classes if label not in fitted.classes]
    if unseen:
        message = f"column {found.name!r} has the class {unseen[0]!r}, which the model lacks"
        raise DataError(message)
    # The last entry is for −1, missing.
    index_of = np.array([*(fitted.classes.index(label) for label in found.classes), -1], np.intp)
    return fitted, index_of[codes]
