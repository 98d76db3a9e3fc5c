"""The rows of one table that a training uses: which are trained on, and which are held out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.splits import draw_folds, split, split_by_class, split_by_order
from engine.data.table import Column, Level, NumericColumn
from engine.errors import DataError
from engine.preprocessing.targets import ClassLabels, Labels
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
)

# Texts that mean: this row is held out, if the client does not say which do.
VALIDATION_TEXTS = frozenset({"test", "validation", "valid", "val", "holdout", "true", "yes"})


@dataclass(frozen=True)
class RowSplit:
    """Indices of rows in ascending order; held_out is None if the table holds none out."""

    training: Indices
    held_out: Indices | None


def split_rows(
    spec: ResolvedSpec,
    columns: Mapping[str, Column],
    labels: Labels,
    usable: Indices,
    fold: int | None,
) -> RowSplit:
    """Split the usable rows as the spec says.

    Args:
        spec: of the training.
        columns: by name; the split column among them, if there is one.
        labels: the targets of all rows.
        usable: rows that can be trained on.
        fold: which fold is held out; None if all rows are trained on.

    Raises:
        DataError: one side would be empty, or the split column is of the wrong kind.
    """
    require_rows(usable, 2)
    validation = spec.validation
    match validation:
        case None | DatasetValidation():
            return RowSplit(usable, None)
        case FoldsValidation() if fold is None:
            return RowSplit(usable, None)
        case FoldsValidation():
            is_held_out = draw_folds(labels.codes[usable], validation.folds, spec.seed) == fold
            training, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
        case ColumnValidation():
            named = find_named_rows(validation, columns[validation.column])[usable]
            training, held_out = np.flatnonzero(~named), np.flatnonzero(named)
            _require_both_sides(validation, training, held_out)
        case FractionValidation():
            training, held_out = _split(spec, validation, columns, labels, usable)
        case _:
            assert_never(validation)
    require_rows(held_out, 1)
    require_rows(training, 1)
    return RowSplit(usable[training], usable[held_out])


def _split(
    spec: ResolvedSpec,
    validation: FractionValidation,
    columns: Mapping[str, Column],
    labels: Labels,
    usable: Indices,
) -> tuple[Indices, Indices]:
    """A share of the usable rows, as indices into them."""
    name = validation.order_by
    if name is not None:
        column = columns[name]
        if not isinstance(column, NumericColumn):
            message = f"column {name!r} has categories: they are in no order to split by"
            raise DataError(message)
        return split_by_order(column.values[usable], validation.fraction)
    if isinstance(labels, ClassLabels) and validation.stratify:
        return split_by_class(labels.codes[usable], validation.fraction, spec.seed)
    return split(len(usable), validation.fraction, spec.seed)


def _require_both_sides(validation: ColumnValidation, training: Indices, held_out: Indices) -> None:
    values = validation.values
    wanted = "a value that holds it out" if values is None else f"one of {list(values)}"
    if not len(held_out):
        message = f"no row has {wanted} in column {validation.column!r}: none is held out"
        raise DataError(message)
    if not len(training):
        message = f"every row has {wanted} in column {validation.column!r}: none is trained on"
        raise DataError(message)


def find_named_rows(validation: ColumnValidation, column: Column) -> NDArray[np.bool_]:
    """Rows whose value in the split column holds them out, `(rows,)`; a missing one does not."""
    values = validation.values
    if isinstance(column, NumericColumn):
        wanted = [1.0] if values is None else _numbers(values)
        return np.isin(column.values, wanted)
    named = [_is_named(level, values) for level in column.levels]
    # The last is for −1, missing.
    return np.array([*named, False])[column.codes]


def _numbers(values: Sequence[Level]) -> list[float]:
    """Those that are numbers, or spell one."""
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            continue
    return numbers


def _is_named(level: Level, values: Sequence[Level] | None) -> bool:
    if values is not None:
        return level in values or _text(level) in {_text(value) for value in values}
    return _text(level).strip().casefold() in VALIDATION_TEXTS


def _text(level: Level) -> str:
    return str(level).lower() if isinstance(level, bool) else str(level)


def require_rows(rows: Indices, least: int) -> None:
    """Raise DataError if there are fewer."""
    if len(rows) < least:
        message = f"{len(rows)} rows are left where at least {least} are needed"
        raise DataError(message)
