"""Findings about the rows of single folds; those about all rows are in `row_findings`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.arrays import Indices
from engine.findings import MAX_NAMES, Finding, FindingLevel, name_by_reason
from engine.preparation.row_findings import list_absent_classes, list_constant_numbers
from engine.preprocessing.labels import Labels, NumberLabels

_POINTER = "/validation"


def name_folds(folds: Sequence[int], count: int) -> str:
    """Return the folds, given as indices from 0, as a text that counts them from 1."""
    if len(folds) == count:
        return f"all {count} folds"
    numbers = [str(fold + 1) for fold in folds]
    if len(numbers) == 1:
        return f"fold {numbers[0]} of {count}"
    more = len(numbers) - MAX_NAMES
    if more > 0:
        return f"folds {', '.join(numbers[:MAX_NAMES])} and {more} more of {count}"
    return f"folds {', '.join(numbers[:-1])} and {numbers[-1]} of {count}"


@dataclass
class FoldRowFindings:
    """Collects what the training and validation rows of each fold lack.

    Args:
        labels: targets of all rows of the table.
        rows: training rows of the final network.
        trained: those of them with a weight above 0.
        needs_mape: whether mape is measured.
    """

    labels: Labels
    rows: Indices
    trained: Indices
    needs_mape: bool
    _folds: int = 0
    _untrained: dict[str, list[int]] = field(default_factory=dict)
    _unvalidated: dict[str, list[int]] = field(default_factory=dict)
    _constant: dict[str, list[int]] = field(default_factory=dict)
    _zero: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._is_trained = np.zeros(len(self.labels.present), np.bool_)
        self._is_trained[self.trained] = True
        # Lacks of all rows are reported for the final network.
        self._never_trained = set(list_absent_classes(self.labels, self.trained))
        self._nowhere = set(list_absent_classes(self.labels, self.rows))
        self._always_constant = set(list_constant_numbers(self.labels, self.trained))

    def add(self, training: Indices, validation: Indices) -> None:
        """Add the next fold with its rows."""
        trained = training[self._is_trained[training]]
        found = (
            (self._untrained, list_absent_classes(self.labels, trained), self._never_trained),
            (self._unvalidated, list_absent_classes(self.labels, validation), self._nowhere),
            (self._constant, list_constant_numbers(self.labels, trained), self._always_constant),
            (self._zero, self._list_zero_targets(validation), set[str]()),
        )
        for names_of_folds, names, known in found:
            for name in names:
                if name not in known:
                    names_of_folds.setdefault(name, []).append(self._folds)
        self._folds += 1

    def _list_zero_targets(self, rows: Indices) -> Iterator[str]:
        if self.needs_mape and isinstance(self.labels, NumberLabels):
            is_zero = ~self.labels.values[rows].any(axis=0)
            yield from (self.labels.names[index] for index in np.flatnonzero(is_zero))

    def findings(self) -> Iterator[Finding]:
        """Yield one finding per kind of lack that a fold has."""
        if self._untrained:
            weight = "" if len(self.trained) == len(self.rows) else " with a weight above 0"
            detail = (
                f"folds without a training row{weight} of a class: {self._list(self._untrained)}. "
                "The network of the fold cannot learn the class, which may lower its validation "
                "metrics; the final network is trained on all rows"
            )
            yield Finding("warning", _POINTER, "class_without_training_rows", detail)
        if self._unvalidated:
            yield self._unvalidated_finding()
        if self._constant:
            detail = (
                "folds whose training rows all have the same number: "
                f"{self._list(self._constant)}. The network of the fold can only learn that "
                "number; the final network is trained on all rows"
            )
            yield Finding("warning", _POINTER, "constant_target_in_training", detail)
        if self._zero:
            detail = (
                "mape divides by the target, which is 0 in all validation rows of a fold: "
                f"{self._list(self._zero)}. The fold has no mape of it; mae counts all rows"
            )
            yield Finding("warning", _POINTER, "zero_targets_in_mape", detail)

    def _unvalidated_finding(self) -> Finding:
        detail = (
            f"folds without a validation row of a class: {self._list(self._unvalidated)}. Their "
            "validation metrics do not show how well it is predicted"
        )
        is_anywhere = all(len(folds) < self._folds for folds in self._unvalidated.values())
        level: FindingLevel = "info" if is_anywhere else "warning"
        return Finding(level, _POINTER, "class_without_validation_rows", detail)

    def _list(self, found: Mapping[str, Sequence[int]]) -> str:
        return name_by_reason(
            {name: name_folds(folds, self._folds) for name, folds in found.items()}
        )
