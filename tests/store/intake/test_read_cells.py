"""Cells of files whose columns are known: nothing is inferred from the rows."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from store.errors import IntakeError, ReadingStoppedError
from store.intake import CellRequest, CellTable, FileHints, Limits, ReadOptions, read_rows
from store.intake.arrow.parquet import COLUMNS_AT_ONCE
from store.intake.cell_table import CellUse, FoundColumns
from store.intake.source import Reading
from tests.store.intake.any_files import (
    arrow_bytes,
    npy_bytes,
    npz_bytes,
    open_bytes,
    parquet_bytes,
)

LIMITS = Limits(max_columns=100, max_bytes=2**20, max_cells=10_000, max_rows=1000)


def read(
    folder: Path,
    content: bytes,
    uses: Mapping[str, CellUse],
    *,
    missing: frozenset[float] = frozenset(),
    limits: Limits = LIMITS,
    **stated: Any,
) -> CellTable:
    """Return the cells of the columns with these uses, by their names in the file."""
    path = folder / "rows"
    path.write_bytes(content)

    def assign(found: FoundColumns) -> dict[int, tuple[str, CellUse]]:
        return {i: (name, uses[name]) for i, name in enumerate(found.names) if name in uses}

    request = CellRequest(frozenset(uses), assign, missing)
    return read_rows(path, ReadOptions(missing=(), **stated), FileHints(), request, limits)


def values(table: CellTable, name: str) -> list[Any]:
    """Return the values of a column, None where missing."""
    column = table.columns[name]
    if isinstance(column, np.ndarray):
        assert column.dtype == np.float64
        return [None if np.isnan(value) else value for value in column.tolist()]
    return [None if code < 0 else column.values[code] for code in column.codes.tolist()]


def find_columns(folder: Path, content: bytes, **stated: Any) -> FoundColumns:
    """Return the columns that are found in a file."""
    found: list[FoundColumns] = []
    path = folder / "rows"
    path.write_bytes(content)

    def assign(columns: FoundColumns) -> dict[int, tuple[str, CellUse]]:
        found.append(columns)
        return {}

    request = CellRequest(frozenset({"1", "2"}), assign, frozenset())
    read_rows(path, ReadOptions(**stated), FileHints(), request, LIMITS)
    return found[0]


CSV = b"x,word,when\n1.5,red,2024-01-31\n,true, \n-2e3,red,x\n"
USES: dict[str, CellUse] = {"x": "number", "word": "value", "when": "time"}


def test_cells_of_csv_are_numbers_where_asked_for_and_texts_elsewhere(tmp_path: Path) -> None:
    found = read(tmp_path, CSV, USES)
    assert found.rows == 3
    assert isinstance(found.columns["x"], np.ndarray)
    assert values(found, "x") == [1.5, None, -2000.0]
    assert values(found, "word") == ["red", "true", "red"]
    assert values(found, "when") == ["2024-01-31", " ", "x"]


@pytest.mark.parametrize("odd", ["?", "inf", "nan", "-Infinity", "1e999", "0x10", "1_0"])
def test_a_column_with_a_word_among_its_numbers_is_texts(tmp_path: Path, odd: str) -> None:
    found = read(tmp_path, f"x,y\n1,3\n{odd},4\n".encode(), {"x": "number", "y": "number"})
    assert values(found, "x") == ["1", odd]
    assert values(found, "y") == [3.0, 4.0]


def test_many_columns_with_words_are_texts_as_the_words_are(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(9)]
    text = "\n".join([",".join(names), ",".join("1" * 9), ",".join("?" * 9)])
    found = read(tmp_path, text.encode(), dict.fromkeys(names, "number"))
    assert all(values(found, name) == ["1", "?"] for name in names)


def test_numbers_of_csv_have_the_stated_decimal_mark(tmp_path: Path) -> None:
    uses: dict[str, CellUse] = {"x": "number", "y": "number"}
    found = read(tmp_path, b"x;y\n1,5;2\n1.5;3\n", uses, decimal=",")
    assert values(found, "x") == ["1,5", "1.5"]
    assert values(found, "y") == [2.0, 3.0]


def test_one_column_of_decimal_commas_has_no_delimiter(tmp_path: Path) -> None:
    found = read(tmp_path, b"x\n1,5\n2,25\n", {"x": "number"}, decimal=",")
    assert values(found, "x") == [1.5, 2.25]


def test_known_names_that_are_numbers_are_a_header(tmp_path: Path) -> None:
    assert find_columns(tmp_path, b"1,2\n5,6\n7,8\n").names == ("1", "2")
    assert find_columns(tmp_path, b"1,3\n5,6\n7,8\n").row_shape == (2,)
    assert find_columns(tmp_path, b"1,2\n5,6\n", header=False).row_shape == (2,)


def test_columns_without_a_name_and_repeated_names_are_reported(tmp_path: Path) -> None:
    found = find_columns(tmp_path, b",x,x \n0,1,2\n1,3,4\n")
    assert found.names == ("column_1", "x", "x_2")
    assert found.unnamed == {"column_1"}
    assert found.repeated == {"x_2": "x"}
    assert found.row_shape is None


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (np.ones((2, 3)), (3,)),
        (np.ones((2, 4, 5), order="F"), (4, 5)),
        (np.ones(2), (1,)),
        (np.ones(2, [("a", "f8"), ("b", "i4")]), None),
    ],
)
def test_an_array_has_a_shape_per_row_unless_it_has_fields(
    tmp_path: Path, array: Any, shape: tuple[int, ...] | None
) -> None:
    assert find_columns(tmp_path, npy_bytes(array)).row_shape == shape


MOMENT = datetime(2024, 1, 31, 10, 30, tzinfo=UTC)
TYPED: list[tuple[pa.Array, CellUse, list[Any]]] = [
    (pa.array([1, None, 3], pa.int8()), "number", [1.0, None, 3.0]),
    (pa.array([2**53 + 1, None], pa.int64()), "number", [2.0**53, None]),
    (pa.array([2**53 + 1, None], pa.int64()), "value", [2**53 + 1, None]),
    (pa.array([2**64 - 1], pa.uint64()), "number", [2.0**64]),
    (pa.array([0.1, float("nan")], pa.float64()), "number", [0.1, None]),
    (pa.array([0.1], pa.float32()), "number", [float(np.float32(0.1))]),
    (pa.array([0.1], pa.float32()), "value", [0.1]),
    (pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)), "number", [1.5, None]),
    (pa.array([Decimal(10) ** 20], pa.decimal128(30, 0)), "value", [10**20]),
    (pa.array([True, None, False]), "number", [True, None, False]),
    (pa.array([True, None]), "value", [True, None]),
    (pa.array(["a", None, "a", ""]), "value", ["a", None, "a", ""]),
    (pa.array(["1", None]), "number", ["1", None]),
    (pa.array(["a", None, "b", "a"]).dictionary_encode(), "value", ["a", None, "b", "a"]),
    (pa.array(["a", "b"], pa.large_string()), "value", ["a", "b"]),
    (pa.nulls(2), "number", [None, None]),
    (pa.array([MOMENT, None], pa.timestamp("ms", "UTC")), "time", [MOMENT.timestamp(), None]),
    (pa.array([MOMENT.date()]), "time", [datetime(2024, 1, 31, tzinfo=UTC).timestamp()]),
    (pa.array([MOMENT], pa.timestamp("ms", "UTC")), "value", ["2024-01-31 10:30:00.000Z"]),
    (pa.array([MOMENT.date()]), "value", ["2024-01-31 00:00:00"]),
    (pa.array([MOMENT], pa.timestamp("ms")), "number", ["2024-01-31 10:30:00.000"]),
    (pa.array([1706697000.5]), "time", [1706697000.5]),
    (pa.array([timedelta(seconds=1.5)], pa.duration("ms")), "number", [1.5]),
]


@pytest.mark.parametrize(("cells", "use", "expected"), TYPED)
@pytest.mark.parametrize("write", [parquet_bytes, arrow_bytes])
def test_typed_cells_are_the_values_that_json_has(
    tmp_path: Path, write: Any, cells: pa.Array, use: CellUse, expected: list[Any]
) -> None:
    content = write(pa.table({"v": cells}))
    found = values(read(tmp_path, content, {"v": use}), "v")
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_infinity_among_typed_numbers_is_left_as_it_is(tmp_path: Path) -> None:
    content = parquet_bytes(pa.table({"v": [1.0, float("inf")]}))
    assert values(read(tmp_path, content, {"v": "number"}), "v") == [1.0, float("inf")]


def test_numbers_that_mark_a_missing_value_are_missing_but_times_are_not(tmp_path: Path) -> None:
    marked = pa.array([-999], pa.timestamp("s"))
    table = pa.table({"x": pa.array([-999], pa.int32()), "t": marked, "s": [-999.0]})
    uses: dict[str, CellUse] = {"x": "number", "t": "time", "s": "time"}
    found = read(tmp_path, arrow_bytes(table), uses, missing=frozenset({-999.0}))
    assert [values(found, name) for name in uses] == [[None], [-999.0], [None]]
    found = read(tmp_path, b"x,y\n-999.0,1\n", uses, missing=frozenset({-999.0}))
    assert values(found, "x") == [None]


def test_batches_are_joined(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.random(900)
    words = [f"w{n}" for n in rng.integers(0, 50, 900)]
    table = pa.table({"x": numbers, "word": words})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    found = read(tmp_path, sink.getvalue().to_pybytes(), {"x": "number", "word": "value"})
    assert values(found, "x") == numbers.tolist()
    assert values(found, "word") == words


@pytest.mark.parametrize("write", [parquet_bytes, arrow_bytes])
def test_too_many_rows_or_cells_are_refused(tmp_path: Path, write: Any) -> None:
    for columns, rows in ((1, 1001), (11, 1000)):
        table = pa.table({f"c{n}": np.zeros(rows) for n in range(columns)})
        with pytest.raises(IntakeError) as caught:
            read(tmp_path, write(table), {"c0": "number"})
        assert caught.value.code == "too_many_rows"
    assert read(tmp_path, write(table.slice(0, 900)), {"c0": "number"}).rows == 900


def test_distinct_texts_are_bounded_in_bytes(tmp_path: Path) -> None:
    words = [f"{n:0800}" for n in range(600)]
    content = parquet_bytes(pa.table({"v": [*words, *words]}))
    assert (
        read(tmp_path, content, {"v": "value"}, limits=replace(LIMITS, max_rows=1200)).rows == 1200
    )
    words = [f"{n:01800}" for n in range(600)]
    with pytest.raises(IntakeError) as caught:
        read(tmp_path, parquet_bytes(pa.table({"v": words})), {"v": "value"})
    assert caught.value.code == "expands_too_much"


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        read(tmp_path, parquet_bytes(pa.table({"v": pa.array([], pa.int64())})), {"v": "number"})
    assert caught.value.code == "no_rows"


def table_of(columns: int) -> pa.Table:
    return pa.table({f"c{n}": [float(10 * row + n) for row in range(3)] for n in range(columns)})


def as_csv(table: pa.Table) -> bytes:
    rows = [table.column_names, *zip(*table.to_pydict().values(), strict=True)]
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def as_matrix(table: pa.Table) -> NDArray[np.float64]:
    return np.stack([column.to_numpy() for column in table.columns], axis=1)


def as_lines(table: pa.Table) -> bytes:
    return "\n".join(map(json.dumps, table.to_pylist())).encode()


WRITERS = [
    parquet_bytes,
    arrow_bytes,
    as_csv,
    as_lines,
    lambda table: json.dumps(table.to_pylist()).encode(),
    lambda table: json.dumps(table.to_pydict()).encode(),
    lambda table: npz_bytes(**table.to_pydict()),
    lambda table: npz_bytes(c=as_matrix(table)),
    lambda table: npz_bytes(c=np.asfortranarray(as_matrix(table))),
]


@pytest.mark.parametrize("write", WRITERS)
def test_only_the_columns_that_are_asked_for_are_in_the_batches(tmp_path: Path, write: Any) -> None:
    """Also if they are more than the columns of Parquet that are read at once."""
    content = write(table_of(COLUMNS_AT_ONCE + 5))
    for kept in ((1, 3), (12,), range(1, COLUMNS_AT_ONCE + 4)):
        names = [f"c{n}" for n in kept]
        found = read(tmp_path, content, dict.fromkeys(names, "number"))
        assert {name: values(found, name) for name in names} == {
            f"c{n}": [float(10 * row + n) for row in range(3)] for n in kept
        }
    source = open_bytes(tmp_path, content)
    readings: list[Reading | None] = [None] * len(source.columns)
    readings[2] = "typed" if source.columns[2].type else "text"
    assert {tuple(batch.schema.names) for batch in source.batches(readings)} == {("2",)}


@pytest.mark.parametrize("write", WRITERS)
def test_rows_are_counted_if_none_of_the_columns_is_in_the_file(tmp_path: Path, write: Any) -> None:
    found = read(tmp_path, write(table_of(3)), {"x": "number"})
    assert (found.rows, dict(found.columns)) == (3, {})


def test_a_word_is_found_in_the_right_column_behind_those_that_are_not_read(tmp_path: Path) -> None:
    found = read(tmp_path, b"a,x,b,y\n1,2,3,4\n1,?,3,inf\n", {"x": "number", "y": "number"})
    assert (values(found, "x"), values(found, "y")) == (["2", "?"], ["4", "inf"])


def test_an_unclosed_quote_is_refused_in_a_column_that_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        read(tmp_path, b'x,y\n1,"2"\n3,"4\n', {"x": "number"})
    assert caught.value.code == "unclosed_quote"


@pytest.mark.parametrize("write", WRITERS)
def test_reading_stops_between_batches(tmp_path: Path, write: Any) -> None:
    content, calls = write(table_of(3)), count()
    limits = replace(LIMITS, must_stop=lambda: next(calls) > 0)
    with pytest.raises(ReadingStoppedError):
        read(tmp_path, content, {"c0": "number"}, limits=limits)
    assert next(calls) == 2
