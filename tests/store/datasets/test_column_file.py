"""Column files as engine tables."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.data.table import CategoricalColumn, NumericColumn
from engine.errors import DataError
from store.datasets.column_file import ColumnFile, table_schema
from store.datasets.columns import ColumnRecord
from store.datasets.datasets import DatasetRecord

ROWS = 10_000


@pytest.fixture
def file(tmp_path: Path) -> ColumnFile:
    """A column file with batches in which the texts first occur in different orders."""
    path = tmp_path / "table.arrow"
    table = pa.table(
        {
            "number": pa.array([None if n == 3 else n * 0.5 for n in range(ROWS)], pa.float64()),
            "text": [None if n % 7 == 5 else "cab"[n // 100 % 3] for n in range(ROWS)],
            "truth": [None if n == 1 else n % 2 == 0 for n in range(ROWS)],
            "wide": ["x" * 100] * ROWS,
        }
    )
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    return ColumnFile(path, ROWS)


def test_whole_columns_are_their_concatenated_chunks(file: ColumnFile) -> None:
    columns = file.read(["number", "text", "truth"])
    number, text, truth = columns.values()
    assert isinstance(number, NumericColumn)
    expected = np.arange(ROWS) * 0.5
    np.testing.assert_array_equal(np.isnan(number.values), np.arange(ROWS) == 3)
    np.testing.assert_array_equal(number.values[4:], expected[4:])
    assert isinstance(text, CategoricalColumn)
    assert text.levels == ("c", "a", "b")
    assert text.codes.dtype == np.int32
    assert text.codes[:6].tolist() == [0, 0, 0, 0, 0, -1]
    assert text.codes[[100, 200, 300, 9900]].tolist() == [1, 2, 0, 0]
    assert isinstance(truth, CategoricalColumn)
    assert (truth.levels, truth.codes[:3].tolist()) == ((False, True), [1, -1, 1])


def test_rows_are_taken_in_any_order(file: ColumnFile) -> None:
    rows = np.array([9_999, 3, 251, 1, 251, 12])
    number, text, truth = file.take(["number", "text", "truth"], rows).values()
    assert isinstance(number, NumericColumn)
    np.testing.assert_array_equal(number.values, [4999.5, np.nan, 125.5, 0.5, 125.5, 6])
    assert isinstance(text, CategoricalColumn)
    assert [None if c < 0 else text.levels[c] for c in text.codes] == [*"ccb", "c", "b", None]
    assert isinstance(truth, CategoricalColumn)
    found = [None if c < 0 else truth.levels[c] for c in truth.codes]
    assert found == [False, False, False, None, False, True]


def test_chunks_are_as_they_were_written(file: ColumnFile) -> None:
    chunks = list(file.chunks(["number"]))
    assert len(chunks) == ROWS // 100
    whole = file.read(["number"])["number"]
    assert isinstance(whole, NumericColumn)
    parts = [chunk["number"] for chunk in chunks]
    values = [part.values for part in parts if isinstance(part, NumericColumn)]
    np.testing.assert_array_equal(np.concatenate(values), whole.values)


def test_reading_columns_allocates_no_memory_for_other_columns(file: ColumnFile) -> None:
    before = pa.total_allocated_bytes()
    columns = file.read(["number", "text"])
    assert pa.total_allocated_bytes() == before
    assert len(columns) == 2


def test_missing_column_is_an_error(file: ColumnFile) -> None:
    with pytest.raises(DataError, match="there is no column 'gone'"):
        file.read(["number", "gone"])


def test_schema_has_all_levels_if_they_are_stored() -> None:
    few = ColumnRecord(
        "few", "boolean", 0, 2, False, None, None, None, None, (("true", 3), ("false", 1))
    )
    many = replace(few, name="many", kind="numeric", distinct=11, top_values=(("1", 2),))
    listed = replace(many, name="listed", levels=("1", "2.5"))
    dataset = DatasetRecord(
        *("ds_1", "", "", "ready", 4, 9, "", 3, "csv"),
        created_at=datetime(2024, 1, 31, tzinfo=UTC),
        columns=(few, many, listed),
        spec_version=1,
        options={"missing": ["-999"], "decimal": ","},
        notices=(),
        blob="",
        blob_sha256="",
        blob_bytes=0,
        fingerprint="",
    )
    schema = table_schema(dataset)
    assert [column.levels for column in schema.columns] == [("true", "false"), None, ("1", "2.5")]
    assert (schema.words.missing, schema.words.decimal) == (("-999",), ",")
