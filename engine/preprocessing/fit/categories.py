"""Fitting of categorical columns: category selection and imputation."""

import math
from collections import Counter

import numpy as np

from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.column_plan import ColumnPlan
from engine.preprocessing.fit.numbers import center_and_scale, impute_number
from engine.preprocessing.fit.samples import CategorySample
from engine.preprocessing.fitted import FittedCategories, FittedCodes, FittedOrdinal


def fit_categories(
    plan: ColumnPlan, sample: CategorySample
) -> FittedCategories | FittedCodes | FittedOrdinal:
    """Fit a categorical column to the category counts of the training rows."""
    counts = Counter({str(level): count for level, count in sample.counts.items()})
    options, encoding = plan.options, plan.inputs.encoding
    fill = options.fill_level
    if fill is not None:
        counts[fill] += sample.missing
    if encoding == "ordinal":
        return _fit_ordinal(plan, counts, fill)
    levels, rest = _select_categories(counts, fill, options)
    if options.missing == "most_frequent":
        fill = _most_frequent({level: counts[level] for level in levels})
    if encoding == "embedding":
        return FittedCodes(plan.name, levels, rest, fill)
    return FittedCategories(plan.name, levels, rest, fill, plan.inputs.indicator)


def _select_categories(
    counts: Counter[str], fill: str | None, options: ColumnOptions
) -> tuple[tuple[str, ...], bool]:
    """Return the categories with their own input or code, and whether infrequent ones share one."""
    if options.levels is not None:
        return options.levels, False
    if len(counts) <= options.max_levels:
        return tuple(sorted(counts)), False
    # The imputed category is always kept, however infrequent it is.
    by_rank = sorted(counts, key=lambda level: (level != fill, -counts[level], level))
    return tuple(sorted(by_rank[: options.max_levels - 1])), True


def _most_frequent(counts: dict[str, int]) -> str | None:
    """Return the most frequent category, ties in alphabetical order; None if all counts are 0."""
    category = min(counts, key=lambda level: (-counts[level], level), default=None)
    return category if category is not None and counts[category] else None


def _fit_ordinal(plan: ColumnPlan, counts: Counter[str], fill: str | None) -> FittedOrdinal:
    levels = plan.options.levels or _sorted_categories(tuple(counts))
    present = [level for level in levels if counts[level]]
    index_of = {level: position for position, level in enumerate(levels)}
    indices = np.repeat(
        np.array([index_of[level] for level in present], np.float64),
        [counts[level] for level in present],
    )
    center, scale = center_and_scale(plan.name, indices, "standardize")
    strategy = plan.options.missing
    index = float(index_of[fill]) if fill in index_of else impute_number(indices, strategy)
    return FittedOrdinal(
        plan.name,
        levels,
        center=center,
        scale=scale,
        fill=index,
        indicator=plan.inputs.indicator,
    )


def _sorted_categories(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the categories in numeric order if all are numbers, else in alphabetical order."""
    numbers = {level: _number(level) for level in levels}
    if all(math.isfinite(number) for number in numbers.values()):
        return tuple(sorted(levels, key=lambda level: (numbers[level], level)))
    return tuple(sorted(levels))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
