"""The split of one table's rows into training and validation rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.levels import kind_of, marks_validation, read_level
from engine.data.splits import draw_folds, split, split_by_class, split_by_order
from engine.data.table import Column, FileConventions, Level, NumericColumn
from engine.data.value_reader import ValueReader, WrongValueError
from engine.errors import DataError
from engine.preprocessing.targets import ClassLabels, Labels
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
)


@dataclass(frozen=True)
class RowSplit:
    """Row indices in ascending order; validation is None if no row of the table validates."""

    training: Indices
    validation: Indices | None


def split_rows(
    spec: ResolvedSpec,
    columns: Mapping[str, Column],
    labels: Labels,
    usable: Indices,
    fold: int | None,
    words: FileConventions,
) -> RowSplit:
    """Split the usable rows as the spec requests.

    Args:
        spec: the training's spec.
        columns: columns by name, including the split column if there is one.
        labels: targets of all rows.
        usable: rows that can be trained on.
        fold: index of the validation fold; None to train on all rows.
        words: notation of the table's file.

    Raises:
        DataError: one side is empty, or the split column is of the wrong kind.
    """
    require_rows(usable, 2)
    validation = spec.validation
    match validation:
        case None | DatasetValidation():
            return RowSplit(usable, None)
        case FoldsValidation() if fold is None:
            return RowSplit(usable, None)
        case FoldsValidation():
            is_validation = draw_folds(labels.codes[usable], validation.folds, spec.seed) == fold
            training, validation_rows = (
                np.flatnonzero(~is_validation),
                np.flatnonzero(is_validation),
            )
        case ColumnValidation():
            column = columns[validation.column]
            is_validation = find_validation_rows(validation, column, words)[usable]
            training, validation_rows = (
                np.flatnonzero(~is_validation),
                np.flatnonzero(is_validation),
            )
            _require_both_sides(validation, training, validation_rows)
        case FractionValidation():
            training, validation_rows = _split(spec, validation, columns, labels, usable)
        case _:
            assert_never(validation)
    require_rows(validation_rows, 1)
    require_rows(training, 1)
    return RowSplit(usable[training], usable[validation_rows])


def _split(
    spec: ResolvedSpec,
    validation: FractionValidation,
    columns: Mapping[str, Column],
    labels: Labels,
    usable: Indices,
) -> tuple[Indices, Indices]:
    """Split by fraction; return indices into the usable rows."""
    name = validation.order_by
    if name is not None:
        column = columns[name]
        if not isinstance(column, NumericColumn):
            message = f"column {name!r} has categories, which have no order to split by"
            raise DataError(message)
        return split_by_order(column.values[usable], validation.fraction)
    if isinstance(labels, ClassLabels) and validation.stratify:
        return split_by_class(labels.codes[usable], validation.fraction, spec.seed)
    return split(len(usable), validation.fraction, spec.seed)


def _require_both_sides(
    validation: ColumnValidation, training: Indices, validation_rows: Indices
) -> None:
    values = validation.values
    wanted = "a value that marks validation" if values is None else f"one of {list(values)}"
    if not len(validation_rows):
        message = (
            f"no row has {wanted} in column {validation.column!r}: there are no validation rows"
        )
        raise DataError(message)
    if not len(training):
        message = (
            f"every row has {wanted} in column {validation.column!r}: there are no training rows"
        )
        raise DataError(message)


def find_validation_rows(
    validation: ColumnValidation, column: Column, words: FileConventions
) -> NDArray[np.bool_]:
    """Return which rows the split column selects for validation, `(rows,)`; missing is training."""
    values = validation.values
    if isinstance(column, NumericColumn):
        numbers = _read_levels((1.0,) if values is None else values, (1.0,), words)
        return np.isin(column.values, list(numbers))
    if values is None:
        wanted: set[Level] = {level for level in column.levels if marks_validation(level)}
    else:
        wanted = _read_levels(values, column.levels, words)
    # The last entry is for −1, missing.
    return np.array([*(level in wanted for level in column.levels), False])[column.codes]


def _read_levels(
    values: Collection[Level], levels: Collection[Level], words: FileConventions
) -> set[Level]:
    """Return the levels that the values denote; values of another kind select no row."""
    reader, kind = ValueReader(words), kind_of(levels)
    found: set[Level] = set()
    for value in values:
        try:
            level = read_level(reader, kind, value, levels)
        except WrongValueError:
            continue
        if level is not None:
            found.add(level)
    return found


def require_rows(rows: Indices, minimum: int) -> None:
    """Raise DataError if there are fewer rows than the minimum."""
    if len(rows) < minimum:
        message = f"{len(rows)} usable rows remain, at least {minimum} are needed"
        raise DataError(message)
