"""The split of one table's rows into training and validation rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.splits import draw_folds, split, split_by_class, split_by_order
from engine.data.table import Column, Level, NumericColumn, level_text
from engine.errors import DataError
from engine.preprocessing.labels import Labels, NumberLabels
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
)

# Values that mark a validation row if the client does not list any.
VALIDATION_TEXTS = frozenset({"test", "validation", "valid", "val", "holdout", "true", "yes"})


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
) -> RowSplit:
    """Split the usable rows as the spec requests.

    Args:
        spec: the training's spec.
        columns: columns by name, including the split column if there is one.
        labels: targets of all rows.
        usable: rows that can be trained on.
        fold: index of the validation fold; None to train on all rows.

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
            is_validation = find_validation_rows(validation, columns[validation.column])[usable]
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
    if validation.stratify and not isinstance(labels, NumberLabels):
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


def find_validation_rows(validation: ColumnValidation, column: Column) -> NDArray[np.bool_]:
    """Return which rows the split column selects for validation, `(rows,)`; missing is training."""
    values = validation.values
    if isinstance(column, NumericColumn):
        wanted = [1.0] if values is None else _parse_numbers(values)
        return np.isin(column.values, wanted)
    is_validation = [_is_validation_value(level, values) for level in column.levels]
    # The last entry is for −1, missing.
    return np.array([*is_validation, False])[column.codes]


def _parse_numbers(values: Sequence[Level]) -> list[float]:
    """Return the values that are numbers or can be parsed as one."""
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            continue
    return numbers


def _is_validation_value(level: Level, values: Sequence[Level] | None) -> bool:
    if values is not None:
        return level in values or level_text(level) in {level_text(value) for value in values}
    return level_text(level).strip().casefold() in VALIDATION_TEXTS


def require_rows(rows: Indices, minimum: int) -> None:
    """Raise DataError if there are fewer rows than the minimum."""
    if len(rows) < minimum:
        message = f"{len(rows)} usable rows remain, at least {minimum} are needed"
        raise DataError(message)
