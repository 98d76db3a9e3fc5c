"""Histograms, quantiles and category counts of a column, computed batch by batch."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, NumericColumn, level_text
from store.datasets.column_file import ColumnFile
from store.datasets.columns import ColumnRecord

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Quantiles of more values than this are estimated from a sample with a fixed seed.
SAMPLE_VALUES = 2**20
SHOWN_LEVELS = 100
# Beyond these bounds values are not counted: free text may differ in every row.
MAX_LEVELS = 100_000
MAX_LETTERS = 2**23


@dataclass(frozen=True)
class Histogram:
    """Histogram of a numeric column, or of a time column in seconds since 1970.

    Attributes:
        edges: edges of bins of equal width from the smallest to the largest value.
        counts: values per bin, one fewer than edges; a value on an edge is in the bin above, on
            the last edge in the last bin.
        quantiles: pairs of fraction and value, linearly interpolated.
        is_sampled: whether the quantiles are estimated from a random sample.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    quantiles: tuple[tuple[float, float], ...]
    is_sampled: bool = False


@dataclass(frozen=True)
class LevelCounts:
    """Value counts of a column of categories, texts or booleans.

    Attributes:
        levels: the most frequent values and their counts; ties in lexicographic order.
        others: number of other distinct values; None if there are too many to count.
        other_rows: number of rows with other values.
    """

    levels: tuple[tuple[str, int], ...]
    others: int | None
    other_rows: int


def column_histogram(path: Path, column: ColumnRecord, bins: int = 20) -> Histogram | None:
    """Return the histogram of a numeric or time column; None for other kinds or without values."""
    low, high = column.minimum, column.maximum
    if column.kind not in {"numeric", "time"} or low is None or high is None:
        return None
    edges = _make_edges(low, high, bins)
    counts = np.zeros(max(1, len(edges) - 1), dtype=np.int64)
    sample = _Sample()
    for values in _numbers(path, column):
        bin_of = np.searchsorted(edges, values, side="right") - 1
        counts += np.bincount(bin_of.clip(0, len(counts) - 1), minlength=len(counts))
        sample.add(values)
    if len(edges) == 1:
        edges = edges.repeat(2)
    return Histogram(
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        quantiles=sample.quantiles(),
        is_sampled=sample.is_partial,
    )


def column_levels(path: Path, column: ColumnRecord) -> LevelCounts:
    """Return the value counts of a column that is neither numeric nor time."""
    counts: Counter[str] | None = Counter()
    rows = 0
    for categories, codes in _categories(path, column):
        rows += len(codes)
        if counts is not None:
            found = np.bincount(codes, minlength=len(categories)).tolist()
            counts.update(dict(zip(categories, found, strict=True)))
            if len(counts) > MAX_LEVELS or sum(map(len, counts)) > MAX_LETTERS:
                counts = None
    if counts is None:
        return LevelCounts((), None, rows)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = tuple(pair for pair in ordered[:SHOWN_LEVELS] if pair[1])
    others = sum(1 for _, count in ordered if count) - len(shown)
    return LevelCounts(shown, others, rows - sum(count for _, count in shown))


def _make_edges(low: float, high: float, bins: int) -> NDArray[np.float64]:
    """Return distinct edges from low to high; fewer if adjacent floats coincide."""
    fractions = np.linspace(0.0, 1.0, bins + 1)
    # Not low + fraction · (high − low): the difference may overflow.
    edges = low * (1.0 - fractions) + high * fractions
    return np.unique(edges.clip(low, high))


def _numbers(path: Path, column: ColumnRecord) -> Iterator[NDArray[np.float64]]:
    for chunk in ColumnFile(path, 0).chunks([column.name]):
        found = chunk[column.name]
        if isinstance(found, NumericColumn):
            yield found.values[~np.isnan(found.values)]


def _categories(
    path: Path, column: ColumnRecord
) -> Iterator[tuple[tuple[str, ...], NDArray[np.int32]]]:
    for chunk in ColumnFile(path, 0).chunks([column.name]):
        found = chunk[column.name]
        if isinstance(found, CategoricalColumn):
            categories = tuple(level_text(category) for category in found.levels)
            yield categories, found.codes[found.codes >= 0]


class _Sample:
    """Random sample of bounded size: when it is full, half of the values are dropped at random."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._kept: list[NDArray[np.float64]] = []
        self._size = 0
        self._share = 1.0

    @property
    def is_partial(self) -> bool:
        """Whether values were dropped."""
        return self._share < 1.0

    def add(self, values: NDArray[np.float64]) -> None:
        """Add values to the sample."""
        self._keep(self._drop(values, self._share))
        while self._size > SAMPLE_VALUES:
            self._share /= 2
            kept, self._kept, self._size = np.concatenate(self._kept), [], 0
            self._keep(self._drop(kept, 0.5))

    def _drop(self, values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        if share == 1.0:
            return values
        return values[self._random.random(len(values)) < share]

    def _keep(self, values: NDArray[np.float64]) -> None:
        self._kept.append(values)
        self._size += len(values)

    def quantiles(self) -> tuple[tuple[float, float], ...]:
        """Return pairs of fraction and quantile."""
        if self._size == 0:
            return ()
        found = np.quantile(np.concatenate(self._kept), QUANTILES)
        return tuple(zip(QUANTILES, found.tolist(), strict=True))
