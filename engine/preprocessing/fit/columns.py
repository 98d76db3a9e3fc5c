"""Fitting of all features in groups of columns, which bounds the memory used."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Table
from engine.preprocessing.column_options import options_for
from engine.preprocessing.column_plan import plan_column
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
    # Hashing does not depend on the rows, so nothing is read.
    fitted: dict[str, FittedColumn] = {
        name: _fit_text(name, spec)
        for name in names
        if options_for(spec, name).hash_buckets is not None
    }
    is_training = np.zeros(table.rows, np.bool_)
    is_training[rows] = True
    remaining = [name for name in names if name not in fitted]
    for group in _groups(remaining, len(rows)):
        fitted |= _fit_group(table, group, is_training, spec)
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
    spec: ResolvedPreprocessing,
) -> dict[str, FittedColumn]:
    samples = collect_samples(table, names, is_training)
    return {name: _fit(name, sample, spec) for name, sample in samples.items()}


def _fit_text(name: str, spec: ResolvedPreprocessing) -> FittedText:
    inputs = plan_column(spec, name, "text").inputs
    return FittedText(name, inputs.buckets, inputs.indicator)


def _fit(name: str, sample: Sample, spec: ResolvedPreprocessing) -> FittedColumn:
    if isinstance(sample, CategorySample):
        if sample.is_boolean:
            return fit_boolean(plan_column(spec, name, "boolean"), sample)
        return fit_categories(plan_column(spec, name, "categorical", len(sample.counts)), sample)
    # A time column holds numbers; its parts are recorded in the resolved spec.
    if options_for(spec, name).time is not None:
        return fit_times(plan_column(spec, name, "time"), sample.values)
    return fit_numbers(plan_column(spec, name, "numeric"), sample.values)
