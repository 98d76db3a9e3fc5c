"""Streaming statistics equal those of NumPy and of counting over all values."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import ColumnKind
from store.datasets.columns import ColumnRecord
from store.intake.convert.converter import Rows
from store.intake.convert.plan import ColumnPlan
from store.intake.statistics import statistics
from store.intake.statistics.statistics import TableStatistics

Values = Sequence[float | str | bool | None]


def collect(
    batches: Sequence[Values], kind: ColumnKind, stated: ColumnKind | None = None
) -> ColumnRecord:
    plan = ColumnPlan("x", "text", kind, stated=stated)
    collected = TableStatistics([plan])
    for values in batches:
        batch = pa.RecordBatch.from_arrays([pa.array(values, plan.type)], names=["x"])
        numbers = np.empty((0, len(values)))
        if plan.type == pa.float64():
            numbers = np.array([values], dtype=np.float64)
        collected.add(Rows(batch, numbers))
    return collected.finish()[0]


NUMBERS = st.none() | st.integers(-3, 300).map(float) | st.floats(-1e6, 1e6)


@settings(max_examples=100)
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=20), min_size=1, max_size=4))
def test_numbers(batches: list[list[float | None]]) -> None:
    found = collect(batches, "numeric")
    present = [value for values in batches for value in values if value is not None]
    assert found.missing == sum(map(len, batches)) - len(present)
    assert found.distinct == len(set(present))
    if present:
        assert found.mean == pytest.approx(np.mean(present), rel=1e-9, abs=1e-9)
        assert found.std == pytest.approx(np.std(present), rel=1e-9, abs=1e-6)
        assert (found.minimum, found.maximum) == (min(present), max(present))
        assert found.integral == all(value.is_integer() for value in present)
    counts = sorted((n for _, n in found.top_values), reverse=True)
    assert counts == [n for _, n in Counter(present).most_common(10)]


def test_variance_of_numbers_far_from_zero_does_not_cancel() -> None:
    values = (np.arange(1000.0) % 7 + 1e9).tolist()
    found = collect([values[:300], values[300:]], "numeric")
    assert found.std == pytest.approx(np.std(np.arange(1000) % 7), rel=1e-9)


def test_infinite_deviation_of_the_largest_floats_is_none() -> None:
    found = collect([[1.7e308, 1.7e308, -1.7e308]], "numeric")
    assert (found.maximum, found.std) == (1.7e308, None)


def test_all_missing() -> None:
    found = collect([[None, None]], "numeric")
    assert (found.missing, found.distinct, found.mean, found.minimum) == (2, 0, None, None)
    assert not found.integral


def test_more_than_ten_thousand_numbers_are_not_counted() -> None:
    assert collect([[n + 0.5 for n in range(10_000)]], "numeric").distinct == 10_000
    found = collect([[n + 0.5 for n in range(10_001)]], "numeric")
    assert (found.distinct, found.top_values) == (None, ())


@pytest.mark.parametrize("spread", [1, 3])
def test_more_than_a_thousand_texts_are_free_text(spread: int) -> None:
    texts = [f"t{n}" for n in range(1001)] * spread
    few = collect([texts[:1000], texts[:1000]], "categorical")
    assert (few.kind, few.distinct) == ("categorical", 1000)
    many = collect([texts[:500], texts[500:]], "categorical")
    assert (many.kind, many.distinct, many.top_values) == ("text", None, ())


def test_top_values_are_sorted_by_count_then_by_value() -> None:
    found = collect([["b", "a", None, "c"], ["c"]], "categorical")
    assert found.top_values == (("c", 2), ("a", 1), ("b", 1))
    assert collect([[2.0, 1.5, 2.0]], "numeric").top_values == (("2", 2), ("1.5", 1))
    assert collect([[True, None, True]], "boolean").top_values == (("true", 2),)


@pytest.mark.parametrize(
    ("distinct", "has_levels"), [(10, False), (11, True), (100, True), (101, False)]
)
def test_all_values_are_listed_if_there_are_between_ten_and_a_hundred(
    distinct: int, has_levels: bool
) -> None:
    texts = [f"t{n:03}" for n in range(distinct)]
    numbers = [n / 2 for n in range(distinct)]
    assert collect([texts[::-1] * 2], "categorical").levels == (
        tuple(texts) if has_levels else None
    )
    written = tuple(f"{n:g}" for n in numbers)
    assert collect([numbers[::-1]], "numeric").levels == (written if has_levels else None)
    assert collect([numbers], "time").levels is None


def test_listed_values_of_all_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MAX_LEVEL_CHARACTERS", 60)
    plans = [ColumnPlan(f"c{n}", "text", "categorical") for n in range(3)]
    collected = TableStatistics(plans)
    texts = pa.array([f"{n:02}" for n in range(20)])
    batch = pa.RecordBatch.from_arrays([texts] * 3, names=[plan.name for plan in plans])
    collected.add(Rows(batch, np.empty((0, 20))))
    found = [column.levels is not None for column in collected.finish()]
    assert found == [True, False, False]


def test_counted_values_of_all_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MAX_COUNTED", 100)
    plans = [ColumnPlan(f"c{n}", "text", "numeric") for n in range(20)]
    collected = TableStatistics(plans)
    numbers = np.arange(50.0) % np.arange(1, 21)[:, None] + 0.5
    arrays = [pa.array(row) for row in numbers]
    batch = pa.RecordBatch.from_arrays(arrays, names=[plan.name for plan in plans])
    collected.add(Rows(batch, numbers))
    found = [column.distinct for column in collected.finish()]
    assert found[:4] == [1, 2, 3, 4]
    assert found[-1] is None
    assert sum(distinct or 0 for distinct in found) <= 100


@pytest.mark.parametrize(
    ("distinct", "repeats", "kind"),
    [(50, 1, "categorical"), (60, 1, "text"), (60, 2, "categorical")],
)
def test_mostly_unique_texts_are_free_text(distinct: int, repeats: int, kind: str) -> None:
    names = [f"H-{number}" for number in range(distinct)]
    assert collect([names] * repeats, "categorical").kind == kind


def test_long_texts_are_categories_if_the_column_is_stated_to_be_categorical() -> None:
    batches: list[Values] = [["a" * 300, "b" * 700, None], ["a" * 300, "c"]]
    stated = collect(batches, "categorical", "categorical")
    assert (stated.kind, stated.distinct) == ("categorical", 3)
    assert stated.top_values == (("a" * 256, 2), ("b" * 256, 1), ("c", 1))
    inferred = collect(batches, "categorical")
    assert (inferred.kind, inferred.distinct) == ("text", None)


def test_long_texts_count_by_their_length() -> None:
    """The memory of the counts has the same bound as that of the largest number of short texts."""
    most = statistics.MAX_CATEGORIES
    for characters, expected in ((256 * (most - 1), 2), (256 * most + 1, None)):
        found = collect([["a" * characters, "b"]], "categorical", "categorical")
        assert found.distinct == expected


def test_levels_are_not_stored_if_one_is_too_long_to_be_stored_whole() -> None:
    words = [f"word {n}" for n in range(20)]
    assert collect([words], "categorical", "categorical").levels == tuple(sorted(words))
    assert collect([[*words, "a" * 300]], "categorical", "categorical").levels is None
