"""Histograms, quantiles and category counts agree with NumPy."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.data.table import ColumnKind
from store.datasets.columns import ColumnRecord
from store.datasets.histograms import (
    MAX_LEVELS,
    SAMPLE_VALUES,
    SHOWN_LEVELS,
    Histogram,
    LevelCounts,
    column_histogram,
    column_levels,
)


def record(kind: ColumnKind, low: float | None = None, high: float | None = None) -> ColumnRecord:
    return ColumnRecord("x", kind, 0, None, False, low, high, None, None, ())


def write(folder: Path, array: pa.Array, batch_rows: int = 1000) -> Path:
    path = folder / "columns.arrow"
    table = pa.table({"other": pa.nulls(len(array), pa.float64()), "x": array})
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, batch_rows)
    return path


def histogram(folder: Path, values: np.ndarray, bins: int = 20) -> Histogram:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    array = pa.array(values, from_pandas=True)
    found = column_histogram(write(folder, array), record("numeric", low, high), bins)
    assert found is not None
    return found


@pytest.mark.parametrize("bins", [1, 7, 20])
def test_counts_equal_numpys(tmp_path: Path, bins: int) -> None:
    values = np.random.default_rng(0).normal(size=5000)
    values[::9] = np.nan
    found = histogram(tmp_path, values, bins)
    counts, edges = np.histogram(values[~np.isnan(values)], bins)
    assert found.edges == pytest.approx(edges)
    assert found.counts == tuple(counts)


def test_quantiles_equal_numpys(tmp_path: Path) -> None:
    values = np.random.default_rng(0).exponential(size=5001)
    found = histogram(tmp_path, values)
    assert found.quantiles == tuple((q, float(np.quantile(values, q))) for q, _ in found.quantiles)
    assert [q for q, _ in found.quantiles] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert not found.is_sampled


def test_quantiles_of_many_values_are_estimated_from_a_sample(tmp_path: Path) -> None:
    values = np.arange(float(SAMPLE_VALUES + 5000)) / (SAMPLE_VALUES + 4999)
    found = histogram(tmp_path, values)
    assert found.is_sampled
    assert found == histogram(tmp_path, values)
    assert [value for _, value in found.quantiles] == pytest.approx(
        [q for q, _ in found.quantiles], abs=0.005
    )


@pytest.mark.parametrize("value", [0.0, -7.5, 1e308])
def test_constant_column_has_one_bin(tmp_path: Path, value: float) -> None:
    found = histogram(tmp_path, np.full(10, value))
    assert (found.edges, found.counts) == ((value, value), (10,))


@pytest.mark.parametrize("values", [[-1.7e308, 0.0, 1.7e308], [1.0, np.nextafter(1.0, 2), 1.0]])
def test_extreme_ranges_lose_no_value(tmp_path: Path, values: list[float]) -> None:
    found = histogram(tmp_path, np.array(values))
    assert sum(found.counts) == 3
    assert (found.edges[0], found.edges[-1]) == (min(values), max(values))
    assert list(found.edges) == sorted(set(found.edges))


def test_times_have_a_histogram_in_seconds(tmp_path: Path) -> None:
    path = write(tmp_path, pa.array([0.0, 86400.0]))
    found = column_histogram(path, record("time", 0.0, 86400.0), 2)
    assert found is not None
    assert (found.edges, found.counts) == ((0.0, 43200.0, 86400.0), (1, 1))


@pytest.mark.parametrize("kind", ["categorical", "numeric", "time"])
def test_column_without_numbers_has_no_histogram(tmp_path: Path, kind: ColumnKind) -> None:
    assert column_histogram(write(tmp_path, pa.array(["x"])), record(kind)) is None


def test_categories_are_counted_over_all_batches(tmp_path: Path) -> None:
    texts = [f"w{n * n % 307}" for n in range(5000)] + [None] * 10
    found = column_levels(write(tmp_path, pa.array(texts)), record("categorical"))
    counts = Counter(text for text in texts if text is not None)
    expected = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    assert found.levels == tuple(expected[:SHOWN_LEVELS])
    assert found.others == len(counts) - SHOWN_LEVELS
    assert found.other_rows == sum(count for _, count in expected[SHOWN_LEVELS:])


def test_booleans_are_categories(tmp_path: Path) -> None:
    path = write(tmp_path, pa.array([True, None, True]))
    assert column_levels(path, record("boolean")) == LevelCounts((("true", 2),), 0, 0)


def test_too_many_texts_are_not_counted(tmp_path: Path) -> None:
    path = write(tmp_path, pa.array([str(n) for n in range(MAX_LEVELS + 1)]), 2**16)
    assert column_levels(path, record("text")) == LevelCounts((), None, MAX_LEVELS + 1)
