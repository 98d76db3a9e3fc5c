"""The split of one table's rows into training, validation and test rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.levels import Part, kind_of, marks_part, read_level
from engine.data.table import Column, FileConventions, Level, NumericColumn
from engine.data.value_reader import ValueReader, WrongValueError
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
    words: FileConventions,
) -> RowSplit:
    """Split the usable rows as the spec requests; the test rows are set aside first.

    Args:
        spec: the training's spec.
        columns: columns by name, including the split columns.
        labels: targets of all rows.
        usable: rows that can be trained on.
        fold: index of the validation fold; None to train on all rows.
        words: notation of the table's file.

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
            rest, test = _split_by_column(spec.test, "test", columns, usable, words)
        case FractionValidation():
            rest, test = selection.fraction(spec.test, usable, Stream.TEST)
        case _:
            assert_never(spec.test)
    if test is not None:
        require_rows(test, 1)
        require_rows(rest, 2)
    training, validation = _split(spec, selection, rest, fold, words)
    return RowSplit(training, validation, test)


def _split(
    spec: ResolvedSpec,
    selection: RowSelection,
    rows: Indices,
    fold: int | None,
    words: FileConventions,
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
                validation, "validation", selection.columns, rows, words
            )
        case FractionValidation():
            training, selected = selection.fraction(validation, rows, Stream.SPLIT)
        case _:
            assert_never(validation)
    require_rows(selected, 1)
    require_rows(training, 1)
    return training, selected


def _split_by_column(
    spec: ColumnValidation,
    part: Part,
    columns: Mapping[str, Column],
    rows: Indices,
    words: FileConventions,
) -> tuple[Indices, Indices]:
    """Return the other rows and the marked ones. Raises DataError if there are none of them."""
    is_marked = find_marked_rows(spec, part, columns[spec.column], words)[rows]
    rest, marked = rows[~is_marked], rows[is_marked]
    wanted = f"a value that marks {part}" if spec.values is None else f"one of {list(spec.values)}"
    if not len(marked):
        message = f"no row has {wanted} in column {spec.column!r}: there are no {part} rows"
        raise DataError(message)
    if not len(rest):
        message = f"every row has {wanted} in column {spec.column!r}: there are no training rows"
        raise DataError(message)
    return rest, marked


def find_marked_rows(
    spec: ColumnValidation, part: Part, column: Column, words: FileConventions
) -> NDArray[np.bool_]:
    """Return which rows the column marks as those of a part, `(rows,)`; never a missing value."""
    values = spec.values
    if isinstance(column, NumericColumn):
        numbers = _read_levels((1.0,) if values is None else values, (1.0,), words)
        return np.isin(column.values, list(numbers))
    if values is None:
        wanted: set[Level] = {level for level in column.levels if marks_part(level, part)}
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
