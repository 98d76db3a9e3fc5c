"""Fitting in groups of columns gives the same result as reading all at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import CategoricalColumn, Column, FileConventions, MemoryTable, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fit import columns as fitting
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedColumn, FittedText
from engine.specs import ResolvedPreprocessing
from tests.engine.examples import draw, levels, numbers, truths

SPEC = ResolvedPreprocessing(categorical="one_hot", target="none")


@dataclass
class RecordingTable:
    """Records the columns of each read, and reverses the levels in every other chunk."""

    table: MemoryTable
    reads: list[tuple[str, ...]] = field(default_factory=list)
    words: FileConventions = field(default_factory=FileConventions)

    @property
    def rows(self) -> int:
        return self.table.rows

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        raise AssertionError("whole columns are not read")

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        self.reads.append(tuple(names))
        for index, chunk in enumerate(self.table.chunks(names)):
            yield {
                n: reverse_levels(column) if index % 2 else column for n, column in chunk.items()
            }


def reverse_levels(column: Column) -> Column:
    if isinstance(column, NumericColumn) or isinstance(column.levels[0], bool):
        return column
    last = len(column.levels) - 1
    codes = np.where(column.codes < 0, -1, last - column.codes).astype(np.int32)
    return CategoricalColumn(codes, column.levels[::-1])


def some_columns(rows: int, seed: int) -> dict[str, Column]:
    random = np.random.default_rng(seed)
    values = draw(rows, 2, seed=seed)
    values[random.random((rows, 2)) < 0.2] = np.nan
    texts = random.choice(["a", "b", "c", "d"], rows).tolist()
    return {
        "n": NumericColumn(values[:, 0]),
        "c": levels(*texts),
        "m": NumericColumn(values[:, 1]),
        "b": truths(*(random.random(rows) < 0.5).tolist()),
    }


def fit_all(table: MemoryTable | RecordingTable, rows: Sequence[int]) -> tuple[FittedColumn, ...]:
    return fit_columns(table, ("n", "c", "m", "b"), np.array(rows, np.intp), SPEC)


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 40), chunk=st.integers(1, 9), seed=st.integers(0, 99))
def test_fit_does_not_depend_on_chunk_size(rows: int, chunk: int, seed: int) -> None:
    columns = some_columns(rows, seed)
    training = np.flatnonzero(np.random.default_rng(seed).random(rows) < 0.7).tolist()
    recording = RecordingTable(MemoryTable(columns, chunk_rows=chunk))
    assert fit_all(recording, training) == fit_all(MemoryTable(columns), training)


def test_columns_are_read_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "GROUP_BYTES", 2 * 8 * 10)
    recording = RecordingTable(MemoryTable(some_columns(20, 0)))
    fit_all(recording, range(10))
    assert recording.reads == [("n", "c"), ("m", "b")]
    recording.reads.clear()
    fit_all(recording, range(20))
    assert recording.reads == [("n",), ("c",), ("m",), ("b",)]


def test_hashed_texts_are_not_read() -> None:
    recording = RecordingTable(MemoryTable({"t": levels("a b")}))
    own = {"t": {"hash_buckets": 4, "missing_indicator": True}}
    spec = ResolvedPreprocessing.model_validate(SPEC.model_dump() | {"columns": own})
    (fitted,) = fit_columns(recording, ("t",), np.arange(1), spec)
    assert fitted == FittedText("t", 4, indicator=True)
    assert recording.reads == []


def test_table_without_rows_has_columns() -> None:
    table = MemoryTable({"n": numbers(), "c": levels()})
    fitted = fit_columns(table, ("n", "c"), np.arange(0), SPEC)
    assert [column.type for column in fitted] == ["numeric", "levels"]


def test_unknown_column_is_refused() -> None:
    with pytest.raises(DataError, match="no column 'gone'"):
        fit_columns(MemoryTable({"n": numbers(1)}), ("gone",), np.arange(1), SPEC)
