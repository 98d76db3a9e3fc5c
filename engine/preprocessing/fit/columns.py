"""All features of a table, a few at a time, so that they need not fit in memory together."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Table
from engine.preprocessing.column_options import ColumnOptions, spec_for
from engine.preprocessing.fit.categories import fit_categories
from engine.preprocessing.fit.numbers import fit_boolean, fit_numbers
from engine.preprocessing.fit.samples import CategorySample, Sample, take_samples
from engine.preprocessing.fit.times import fit_times
from engine.preprocessing.fitted import FittedColumn, FittedText
from engine.specs import ResolvedPreprocessing

# Of the values that are held at once, unless one column alone has more.
GROUP_BYTES = 32 * 2**20


def fit_columns(
    table: Table, names: Sequence[str], rows: Indices, spec: ResolvedPreprocessing
) -> tuple[FittedColumn, ...]:
    """Fit each of the named columns to the given rows, each row counting once.

    Raises:
        DataError: there is no such column, or its numbers are too large to be scaled.
    """
    options = {name: spec_for(spec, name) for name in names}
    fitted: dict[str, FittedColumn] = {}
    for name, option in options.items():
        if option.hash_buckets is not None:
            # Where a word goes does not depend on the rows: there is nothing to read.
            fitted[name] = FittedText(name, option.hash_buckets, option.missing_indicator)
    is_chosen = np.zeros(table.rows, np.bool_)
    is_chosen[rows] = True
    left = [name for name in names if name not in fitted]
    for group in _groups(left, len(rows)):
        fitted |= _fit_group(table, group, is_chosen, options)
    return tuple(fitted[name] for name in names)


def _groups(names: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    """Columns whose numbers take at most GROUP_BYTES together."""
    size = max(GROUP_BYTES // max(8 * rows, 1), 1)
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _fit_group(
    table: Table,
    names: Sequence[str],
    is_chosen: NDArray[np.bool_],
    options: dict[str, ColumnOptions],
) -> dict[str, FittedColumn]:
    samples = take_samples(table, names, is_chosen)
    return {name: _fit(name, sample, options[name]) for name, sample in samples.items()}


def _fit(name: str, sample: Sample, options: ColumnOptions) -> FittedColumn:
    if isinstance(sample, CategorySample):
        if sample.is_boolean:
            return fit_boolean(name, sample, options)
        return fit_categories(name, sample, options)
    if options.time is not None:
        return fit_times(name, sample.values, options.time, options)
    return fit_numbers(name, sample.values, options)
