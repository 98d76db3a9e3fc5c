"""Findings that only the rows show: rows that are left out, classes without training rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import level_text
from engine.findings import Finding, name_columns
from engine.preprocessing.column_options import options_for
from engine.preprocessing.labels import ClassLabels, Labels, MultiLabels, NumberLabels
from engine.specs import ResolvedSpec


def find_left_out_rows(
    spec: ResolvedSpec, rows: int, has_target: NDArray[np.bool_], usable: Indices
) -> Iterator[Finding]:
    """Report the number of rows that are left out for more than one reason.

    The schema shows how many rows lack a target or a value in one column with drop_row, but not
    how many lack any of them.

    Args:
        spec: the training's spec.
        rows: number of rows of the table.
        has_target: whether each row has a target, `(rows,)`.
        usable: the rows that remain.
    """
    dropping = [options_for(spec.preprocessing, name).missing for name in spec.features]
    columns = dropping.count("drop_row")
    with_target = int(has_target.sum())
    if len(usable) < with_target and (columns > 1 or with_target < rows):
        detail = (
            f"{rows - len(usable)} of {rows} rows are left out: they have no target, or no value "
            "in a column with drop_row"
        )
        yield Finding("info", "/preprocessing", "rows_left_out", detail)


def find_left_out_other_rows(rows: int, usable: Indices, part: str) -> Iterator[Finding]:
    """Report the number of rows of a validation or test dataset that are left out."""
    if len(usable) < rows:
        detail = (
            f"{rows - len(usable)} of {rows} rows of the {part} dataset are left out: they "
            "have no target, or no value in a column with drop_row"
        )
        yield Finding("info", f"/{part}/dataset_id", "rows_left_out", detail)


def find_untrained_targets(labels: Labels, rows: Indices, trained: Indices) -> Iterator[Finding]:
    """Report classes that no training row has, and numbers that are the same in all of them.

    Args:
        labels: targets of all rows of the table.
        rows: the training rows.
        trained: those of them with a weight above 0, which decide.
    """
    missing = [*list_absent_classes(labels, rows)]
    ignored = [name for name in list_absent_classes(labels, trained) if name not in set(missing)]
    reasons = []
    if missing:
        reasons.append(
            f"no training row has the class {name_columns(missing)}, which the network therefore "
            "cannot learn; its other rows are held out or left out"
        )
    if ignored:
        reasons.append(
            f"all training rows of the class {name_columns(ignored)} have weight 0, by "
            "sample_weight or class_weight, so that the network cannot learn it"
        )
    if reasons:
        detail = "; ".join(reasons)
        yield Finding("warning", "/target", "class_without_training_rows", detail)
    constant = [*list_constant_numbers(labels, trained)]
    if constant:
        weight = "" if len(trained) == len(rows) else " with a weight above 0"
        detail = (
            f"all training rows{weight} have the same number in {name_columns(constant)}, so that "
            "the network can only learn that number"
        )
        yield Finding("warning", "/target", "constant_target_in_training", detail)


def find_unvalidated_classes(labels: Labels, rows: Indices, part: str) -> Iterator[Finding]:
    """Report classes of the target that no row of the validation or test part has."""
    names = [*list_absent_classes(labels, rows)]
    if names:
        detail = (
            f"no {part} row has the class {name_columns(names)}: {part} metrics do not show how "
            "well it is predicted"
        )
        yield Finding("warning", f"/{part}", "class_without_validation_rows", detail)


def list_constant_numbers(labels: Labels, rows: Indices) -> Iterator[str]:
    """Yield the names of the numeric targets that are the same in all of these rows."""
    if isinstance(labels, NumberLabels) and len(rows):
        values = labels.values[rows]
        is_constant = values.min(axis=0) == values.max(axis=0)
        yield from (labels.names[index] for index in np.flatnonzero(is_constant))


def list_absent_classes(labels: Labels, rows: Indices) -> Iterator[str]:
    """Yield the classes that none of these rows has, those of several labels with the label."""
    match labels:
        case ClassLabels():
            classes = labels.target.classes
            counts = np.bincount(labels.codes[rows], minlength=len(classes))
            yield from (level_text(classes[index]) for index in np.flatnonzero(counts == 0))
        case MultiLabels():
            for label, values in zip(labels.target.labels, labels.values[rows].T, strict=True):
                unused = np.flatnonzero(np.bincount(values, minlength=len(label.classes)) == 0)
                yield from (f"{label.name}: {level_text(label.classes[i])}" for i in unused)
        case NumberLabels():
            pass
