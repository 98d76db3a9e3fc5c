"""Samples of the training rows for fitting: numeric values and category counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, Column, Level, NumericColumn, Table, count_rows


@dataclass
class NumberSample:
    """The numbers of the training rows, in chunks; missing values are excluded."""

    chunks: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def values(self) -> NDArray[np.float64]:
        """All numbers, shape `(present,)`."""
        return np.concatenate(self.chunks)


@dataclass
class CategorySample:
    """The number of training rows per category, and without one.

    Attributes:
        counts: rows per category, for categories with at least one row.
        missing: rows without a category.
        is_boolean: the column's levels are booleans.
    """

    counts: Counter[Level] = field(default_factory=Counter)
    missing: int = 0
    is_boolean: bool = False


Sample = NumberSample | CategorySample


def collect_samples(
    table: Table, names: Sequence[str], is_training: NDArray[np.bool_]
) -> dict[str, Sample]:
    """Return the samples of the named columns, in one pass over the table.

    Args:
        table: the table to read.
        names: names of the columns.
        is_training: whether each row is a training row, shape `(rows,)`.
    """
    samples: dict[str, Sample] = {}
    # A table without rows may yield no chunks, but its columns are still needed.
    chunks = table.chunks(names) if table.rows else [table.read(names)]
    start = 0
    for chunk in chunks:
        stop = start + (count_rows(chunk[names[0]]) if names else 0)
        for name in names:
            _add(samples, name, chunk[name], is_training[start:stop])
        start = stop
    return samples


def _add(
    samples: dict[str, Sample], name: str, column: Column, is_training: NDArray[np.bool_]
) -> None:
    if isinstance(column, NumericColumn):
        numbers = samples.setdefault(name, NumberSample())
        assert isinstance(numbers, NumberSample)  # noqa: S101 - a column is of one kind
        values = column.values[is_training]
        numbers.chunks.append(values[~np.isnan(values)])
    else:
        levels = samples.setdefault(name, CategorySample())
        assert isinstance(levels, CategorySample)  # noqa: S101 - a column is of one kind
        _count(levels, column, column.codes[is_training])


def _count(sample: CategorySample, column: CategoricalColumn, codes: NDArray[np.int32]) -> None:
    # Index 0 counts code −1, missing.
    counts = np.bincount(codes + 1, minlength=1)
    sample.missing += int(counts[0])
    sample.is_boolean |= isinstance(next(iter(column.levels), None), bool)
    for code in np.flatnonzero(counts[1:]).tolist():
        sample.counts[column.levels[code]] += int(counts[1 + code])
