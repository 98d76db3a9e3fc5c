"""Fitting of all features in groups of columns, which bounds the memory used."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Table
from engine.preprocessing.column_options import ColumnOptions, options_for
from engine.preprocessing.fit.categories import fit_categories
from engine.preprocessing.fit.numbers import fit_boolean, fit_numbers
from engine.preprocessing.fit.samples import CategorySample, Sample, collect_samples
from engine.preprocessing.fit.times import fit_times
from engine.preprocessing.fitted import FittedColumn, FittedText
from engine.specs import ResolvedPreprocessing

# Bytes of values in memory at once, unless a single column has more.
GROUP_BYTES = 32 * 2**20


def fit_columns(
    table: Table, names: Sequence[str], rows: Indices, spec: ResolvedPreprocessing
) -> tuple[FittedColumn, ...]:
    """Fit each named column on the given rows, unweighted.

    Raises:
        DataError: a column does not exist, or its numbers are too large to be scaled.
    """
    options = {name: options_for(spec, name) for name in names}
    fitted: dict[str, FittedColumn] = {}
    for name, option in options.items():
        if option.hash_buckets is not None:
            # Hashing does not depend on the rows, so nothing is read.
            fitted[name] = FittedText(name, option.hash_buckets, option.missing_indicator)
    is_training = np.zeros(table.rows, np.bool_)
    is_training[rows] = True
    remaining = [name for name in names if name not in fitted]
    for group in _groups(remaining, len(rows)):
        fitted |= _fit_group(table, group, is_training, options)
    return tuple(fitted[name] for name in names)


def _groups(names: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    """Yield groups of columns whose numbers take at most GROUP_BYTES."""
    size = max(GROUP_BYTES // max(8 * rows, 1), 1)
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _fit_group(
    table: Table,
    names: Sequence[str],
    is_training: NDArray[np.bool_],
    options: dict[str, ColumnOptions],
) -> dict[str, FittedColumn]:
    samples = collect_samples(table, names, is_training)
    return {name: _fit(name, sample, options[name]) for name, sample in samples.items()}


def _fit(name: str, sample: Sample, options: ColumnOptions) -> FittedColumn:
    if isinstance(sample, CategorySample):
        if sample.is_boolean:
            return fit_boolean(name, sample, options)
        return fit_categories(name, sample, options)
    if options.time is not None:
        return fit_times(name, sample.values, options.time, options)
    return fit_numbers(name, sample.values, options)
