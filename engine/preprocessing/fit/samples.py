"""What fitting needs of the training rows: numbers as they are, categories counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, Column, Level, NumericColumn, Table, count_rows


@dataclass
class NumberSample:
    """The numbers of the training rows, in parts; none of them missing."""

    parts: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def values(self) -> NDArray[np.float64]:
        """All of them, shape `(present,)`."""
        return np.concatenate(self.parts)


@dataclass
class CategorySample:
    """How many training rows have each category, and how many have none.

    Attributes:
        counts: of the categories that some training row has.
        missing: rows without one.
        is_boolean: the column's levels are truth values.
    """

    counts: Counter[Level] = field(default_factory=Counter)
    missing: int = 0
    is_boolean: bool = False


Sample = NumberSample | CategorySample


def take_samples(
    table: Table, names: Sequence[str], is_chosen: NDArray[np.bool_]
) -> dict[str, Sample]:
    """The samples of the named columns in one pass over the table.

    Args:
        table: to read.
        names: of the columns.
        is_chosen: whether each row is one of those to fit to, shape `(rows,)`.
    """
    samples: dict[str, Sample] = {}
    # A table without rows may have no chunk, but it has columns.
    chunks = table.chunks(names) if table.rows else [table.read(names)]
    start = 0
    for chunk in chunks:
        stop = start + (count_rows(chunk[names[0]]) if names else 0)
        for name in names:
            _add(samples, name, chunk[name], is_chosen[start:stop])
        start = stop
    return samples


def _add(
    samples: dict[str, Sample], name: str, column: Column, is_chosen: NDArray[np.bool_]
) -> None:
    if isinstance(column, NumericColumn):
        numbers = samples.setdefault(name, NumberSample())
        assert isinstance(numbers, NumberSample)  # noqa: S101 - a column is of one kind
        values = column.values[is_chosen]
        numbers.parts.append(values[~np.isnan(values)])
    else:
        levels = samples.setdefault(name, CategorySample())
        assert isinstance(levels, CategorySample)  # noqa: S101 - a column is of one kind
        _count(levels, column, column.codes[is_chosen])


def _count(sample: CategorySample, column: CategoricalColumn, codes: NDArray[np.int32]) -> None:
    # Code −1, missing, is counted first.
    counts = np.bincount(codes + 1, minlength=1)
    sample.missing += int(counts[0])
    sample.is_boolean |= isinstance(next(iter(column.levels), None), bool)
    for code in np.flatnonzero(counts[1:]).tolist():
        sample.counts[column.levels[code]] += int(counts[1 + code])
