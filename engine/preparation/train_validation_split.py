"""The split of one table's rows into training, validation and test rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import CategoricalColumn, Column, Level, NumericColumn, level_text
from engine.errors import DataError
from engine.preparation.row_selection import RowSelection
from engine.preprocessing.labels import Labels
from engine.random import Stream
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
)

# Values that mark a validation row if the client does not list any.
VALIDATION_TEXTS = frozenset({"test", "validation", "valid", "val", "holdout", "true", "yes"})
# Likewise for a test row, so that one column can mark both parts.
TEST_TEXTS = VALIDATION_TEXTS - {"validation", "valid", "val"}


@dataclass(frozen=True)
class RowSplit:
    """Row indices in ascending order; None for a part that no row of the table belongs to."""

    training: Indices
    validation: Indices | None
    test: Indices | None = None


def split_rows(
    spec: ResolvedSpec,
    columns: Mapping[str, Column],
    labels: Labels,
    usable: Indices,
    fold: int | None,
) -> RowSplit:
    """Split the usable rows as the spec requests; the test rows are set aside first.

    Args:
        spec: the training's spec.
        columns: columns by name, including the split columns.
        labels: targets of all rows.
        usable: rows that can be trained on.
        fold: index of the validation fold; None to train on all rows.

    Raises:
        DataError: one part is empty, or a split column is of the wrong kind.
    """
    require_rows(usable, 2)
    selection = RowSelection(columns, labels, spec.seed)
    rest, test = usable, None
    match spec.test:
        case None | DatasetValidation():
            pass
        case ColumnValidation():
            rest, test = _split_by_column(spec.test, find_test_rows, columns, usable, "test")
        case FractionValidation():
            rest, test = selection.fraction(spec.test, usable, Stream.TEST)
        case _:
            assert_never(spec.test)
    if test is not None:
        require_rows(test, 1)
        require_rows(rest, 2)
    training, validation = _split(spec, selection, rest, fold)
    return RowSplit(training, validation, test)


def _split(
    spec: ResolvedSpec, selection: RowSelection, rows: Indices, fold: int | None
) -> tuple[Indices, Indices | None]:
    """Return the training and validation rows."""
    validation = spec.validation
    match validation:
        case None | DatasetValidation():
            return rows, None
        case FoldsValidation():
            if fold is None:
                return rows, None
            training, selected = selection.fold(validation, rows, fold)
        case ColumnValidation():
            training, selected = _split_by_column(
                validation, find_validation_rows, selection.columns, rows, "validation"
            )
        case FractionValidation():
            training, selected = selection.fraction(validation, rows, Stream.SPLIT)
        case _:
            assert_never(validation)
    require_rows(selected, 1)
    require_rows(training, 1)
    return training, selected


def _split_by_column(
    part: ColumnValidation,
    find: Callable[[ColumnValidation, Column], NDArray[np.bool_]],
    columns: Mapping[str, Column],
    rows: Indices,
    name: str,
) -> tuple[Indices, Indices]:
    """Return the other rows and the marked ones. Raises DataError if there are none of them."""
    is_marked = find(part, columns[part.column])[rows]
    rest, marked = rows[~is_marked], rows[is_marked]
    wanted = f"a value that marks {name}" if part.values is None else f"one of {list(part.values)}"
    if not len(marked):
        message = f"no row has {wanted} in column {part.column!r}: there are no {name} rows"
        raise DataError(message)
    if not len(rest):
        message = f"every row has {wanted} in column {part.column!r}: there are no training rows"
        raise DataError(message)
    return rest, marked


def find_test_rows(test: ColumnValidation, column: Column) -> NDArray[np.bool_]:
    """Return which rows the split column selects for the test part, `(rows,)`."""
    if test.values is None and isinstance(column, CategoricalColumn):
        marks = [v for v in column.levels if level_text(v).strip().casefold() in TEST_TEXTS]
        test = test.model_copy(update={"values": tuple(marks)})
    return find_validation_rows(test, column)


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
