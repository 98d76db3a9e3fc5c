"""Categories: which of them the model tells apart, and what stands in for a missing one."""

import math
from collections import Counter

import numpy as np

from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.fit.numbers import center_and_scale, typical_number
from engine.preprocessing.fit.samples import CategorySample
from engine.preprocessing.fitted import FittedCategories, FittedCodes, FittedOrdinal


def fit_categories(
    name: str, sample: CategorySample, options: ColumnOptions
) -> FittedCategories | FittedCodes | FittedOrdinal:
    """Fit a column of categories to how often the training rows have each."""
    counts = Counter({str(level): count for level, count in sample.counts.items()})
    fill = options.fill_level
    if fill is not None:
        counts[fill] += sample.missing
    if options.categorical == "ordinal":
        return _fit_ordinal(name, counts, fill, options)
    levels, rest = _choose_levels(counts, fill, options)
    if options.missing == "most_frequent":
        fill = _commonest({level: counts[level] for level in levels})
    if options.categorical == "embedding":
        return FittedCodes(name, levels, rest, fill)
    return FittedCategories(name, levels, rest, fill, options.missing_indicator)


def _choose_levels(
    counts: Counter[str], fill: str | None, options: ColumnOptions
) -> tuple[tuple[str, ...], bool]:
    """The levels that have an input or code of their own, and whether the others share one."""
    if options.levels is not None:
        return options.levels, False
    if len(counts) <= options.max_levels:
        return tuple(sorted(counts)), False
    # What stands in for missing ones must have a level, however rare it is.
    by_rank = sorted(counts, key=lambda level: (level != fill, -counts[level], level))
    return tuple(sorted(by_rank[: options.max_levels - 1])), True


def _commonest(counts: dict[str, int]) -> str | None:
    """The level of most rows, of several the first in the alphabet; None if no row has any."""
    found = min(counts, key=lambda level: (-counts[level], level), default=None)
    return found if found is not None and counts[found] else None


def _fit_ordinal(
    name: str, counts: Counter[str], fill: str | None, options: ColumnOptions
) -> FittedOrdinal:
    levels = options.levels or _in_order(tuple(counts))
    known = [level for level in levels if counts[level]]
    places = {level: place for place, level in enumerate(levels)}
    indices = np.repeat(
        np.array([places[level] for level in known], np.float64),
        [counts[level] for level in known],
    )
    center, scale = center_and_scale(name, indices, "standardize")
    index = float(places[fill]) if fill in places else typical_number(indices, options.missing)
    return FittedOrdinal(
        name,
        levels,
        center=center,
        scale=scale,
        fill=index,
        indicator=options.missing_indicator,
    )


def _in_order(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Ascending by what they say if all are numbers, else by the alphabet."""
    numbers = {level: _number(level) for level in levels}
    if all(math.isfinite(number) for number in numbers.values()):
        return tuple(sorted(levels, key=lambda level: (numbers[level], level)))
    return tuple(sorted(levels))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
