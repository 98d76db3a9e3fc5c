"""Values that were replaced, or that are outside the training data: listed, or counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.predictor import Places
from service.runtime.model_cache import ServedModel
from service.schemas.predictions import Flag
from service.serializers.rows import ReadRows
from service.serializers.value_limits import MAX_VALUES, too_many_values

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FlaggedValue:
    """A value that was replaced, or that is outside the training data."""

    row: int
    column: str
    flag: Flag


@dataclass(frozen=True)
class FlagCounts:
    """Numbers of flagged values.

    Attributes:
        flagged_rows: number of rows with a flagged value.
        columns: number of flagged values by column and flag, without zeros.
    """

    flagged_rows: int
    columns: Mapping[str, Mapping[Flag, int]]


class RowFlags:
    """The flags of the rows of a request, one mask `(rows, columns)` per flag that occurs.

    Args:
        model: the model.
        rows: the rows.
        replaced: places of numbers that could not be computed with.

    Raises:
        DataError: a number is too large for the model's dtype.
    """

    def __init__(self, model: ServedModel, rows: ReadRows, replaced: Places) -> None:
        self._columns = model.preprocessing.columns
        is_usual = not (rows.not_understood or replaced)
        if is_usual and model.preprocessing.are_usual(rows.columns):
            self._masks: list[tuple[Flag, Mask]] = []
        else:
            self._masks = _find_masks(model, rows, replaced)

    def list_values(self) -> Sequence[FlaggedValue]:
        """Return the flagged values. Raises InvalidRowsError: there are too many of them."""
        if not self._masks:
            return ()
        count = sum(int(np.count_nonzero(mask)) for _, mask in self._masks)
        if count > MAX_VALUES:
            raise too_many_values(
                f"{count} values of the rows have flags, more than {MAX_VALUES}; send fewer rows, "
                "or stats=true to count the flags per column"
            )
        return [*self._iterate()]

    def _iterate(self) -> Iterator[FlaggedValue]:
        for flag, mask in self._masks:
            for row, column in np.argwhere(mask).tolist():
                yield FlaggedValue(row, self._columns[column].name, flag)

    def count(self) -> FlagCounts:
        """Return the numbers of flagged values."""
        if not self._masks:
            return FlagCounts(0, {})
        names = [column.name for column in self._columns]
        columns: dict[str, dict[Flag, int]] = {}
        for flag, mask in self._masks:
            for index, count in enumerate(np.count_nonzero(mask, axis=0).tolist()):
                if count:
                    columns.setdefault(names[index], {})[flag] = count
        ordered = {name: columns[name] for name in names if name in columns}
        flagged = [mask.any(axis=1) for _, mask in self._masks]
        return FlagCounts(int(np.logical_or.reduce(flagged).sum()), ordered)


def _find_masks(model: ServedModel, rows: ReadRows, replaced: Places) -> list[tuple[Flag, Mask]]:
    """Return the masks of the flags that occur. Raises DataError."""
    found = model.preprocessing.flags(rows.columns, model.predictor.dtype)
    unusable = [place for place in replaced if not found.out_of_range[place]]
    not_understood = [*rows.not_understood, *unusable]
    masks: list[tuple[Flag, Mask]] = [
        ("imputed", found.imputed),
        ("unknown_category", found.unknown),
        ("out_of_range", found.out_of_range),
        ("untrained", found.untrained),
    ]
    if not_understood:
        is_unreadable = np.zeros_like(found.imputed)
        is_unreadable[tuple(zip(*not_understood, strict=True))] = True
        found.imputed[is_unreadable] = False
        masks.insert(0, ("not_understood", is_unreadable))
    if rows.unflagged is not None:
        for _, mask in masks:
            mask[rows.unflagged] = False
    return [(flag, mask) for flag, mask in masks if np.count_nonzero(mask)]
