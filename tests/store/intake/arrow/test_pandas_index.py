"""The index of a data frame in Parquet and Arrow files: left out unless it carries data."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.store.intake.any_files import cells, open_bytes

UNNAMED = "__index_level_0__"


def frame(
    columns: dict[str, Any], index: list[Any], names: dict[str, str | None] | None = None
) -> pa.Table:
    """Return a table with the metadata that pandas writes."""
    described = [
        {"field_name": field, "name": (names or {}).get(field, field)} for field in columns
    ]
    metadata = {"index_columns": index, "columns": described}
    return pa.table(columns).replace_schema_metadata({"pandas": json.dumps(metadata)})


def as_parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def as_feather(table: pa.Table) -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def read(
    folder: Path, content: bytes, **stated: Any
) -> tuple[dict[str, list[Any]], list[tuple[str, str | None]]]:
    source = open_bytes(folder, content, **stated)
    return cells(source), [(notice.code, notice.column) for notice in source.notices]


@pytest.fixture(params=[as_parquet, as_feather])
def write(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_an_index_without_a_name_is_dropped(tmp_path: Path, write: Any) -> None:
    table = frame({UNNAMED: [7, 8], "a": [1, 2], "b": [3, 4]}, [UNNAMED], {UNNAMED: None})
    found, notices = read(tmp_path, write(table))
    assert found == {"a": [1, 2], "b": [3, 4]}
    assert notices == [("index_dropped", None)]


def test_a_place_in_a_dropped_file_is_of_the_right_column(tmp_path: Path) -> None:
    table = frame({UNNAMED: [7, 8], "a": ["u", "v"]}, [UNNAMED], {UNNAMED: None})
    source = open_bytes(tmp_path, as_parquet(table))
    error = source.explain(0, "v", "a number")
    assert "line 2, column 'a'" in str(error)


def test_an_index_with_a_name_is_a_column(tmp_path: Path, write: Any) -> None:
    table = frame({"a": [1, 2], "station": [7, 8]}, ["station"])
    assert read(tmp_path, write(table)) == (
        {"a": [1, 2], "station": [7, 8]},
        [("index_kept", "station")],
    )


def test_an_index_of_times_is_a_column(tmp_path: Path, write: Any) -> None:
    times = pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC"))
    table = frame({"a": [1, 2], UNNAMED: times}, [UNNAMED], {UNNAMED: None})
    found, notices = read(tmp_path, write(table))
    assert (list(found), notices) == (["a", UNNAMED], [("index_kept", UNNAMED)])


def test_an_index_is_kept_on_request_or_if_it_is_the_only_column(tmp_path: Path) -> None:
    table = frame({"a": [1, 2], UNNAMED: [7, 8]}, [UNNAMED], {UNNAMED: None})
    found, notices = read(tmp_path, as_parquet(table), kinds={UNNAMED: "numeric"})
    assert (list(found), notices) == (["a", UNNAMED], [("index_kept", UNNAMED)])
    alone = frame({UNNAMED: [7, 8]}, [UNNAMED], {UNNAMED: None})
    assert list(read(tmp_path, as_parquet(alone))[0]) == [UNNAMED]


def test_levels_of_an_index_are_decided_one_by_one(tmp_path: Path, write: Any) -> None:
    second = "__index_level_1__"
    columns = {"a": [1, 2], "year": [1999, 2000], second: [0, 1]}
    table = frame(columns, ["year", second], {second: None})
    found, notices = read(tmp_path, write(table))
    assert list(found) == ["a", "year"]
    assert notices == [("index_dropped", None), ("index_kept", "year")]


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"[]",
        b'{"index_columns": 3}',
        b'{"index_columns": ["b", {"kind": "range"}, 5], "columns": 7}',
        b'{"index_columns": [{"kind": "range", "start": 0}], "columns": []}',
    ],
)
def test_other_metadata_change_nothing(tmp_path: Path, write: Any, metadata: bytes) -> None:
    table = pa.table({"a": [1, 2]}).replace_schema_metadata({"pandas": metadata})
    assert read(tmp_path, write(table)) == ({"a": [1, 2]}, [])
