"""JSON Lines and JSON documents are read as columns whose names and types are discovered."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import MAX_ROW_BYTES
from store.intake.batches.column_spill import CHUNK_ROWS
from store.intake.json.columns import JsonColumns
from store.intake.json.lines import BLOCK_BYTES, SLOW_BYTES, Block, _Reader
from store.intake.options import Limits
from store.intake.source import TableSource, WrongReadingError
from tests.store.intake.any_files import cells, open_bytes, refusal

LINES, JSON = "application/x-ndjson", "application/json"
# Number of short rows of which pyarrow reads most.
MANY = 3 * SLOW_BYTES // 8


def lines(folder: Path, *rows: str, **how: Any) -> TableSource:
    content = "\n".join(rows).encode()
    return open_bytes(folder, content, format="json_lines", **how)


def types(source: TableSource) -> dict[str, str]:
    return {column.name: str(column.type) for column in source.columns}


def test_columns_are_in_order_of_first_appearance(tmp_path: Path) -> None:
    source = lines(tmp_path, '{"b": 1, "a": "x"}', "", '{"a": null, "c": true}')
    assert types(source) == {"b": "double", "a": "None", "c": "bool"}
    assert cells(source) == {"b": [1.0, None], "a": ["x", None], "c": [None, True]}


def test_late_key_is_null_in_earlier_rows(tmp_path: Path) -> None:
    found = cells(lines(tmp_path, *['{"a":1}'] * MANY, '{"b": "x"}', *['{"a":2}'] * MANY))
    assert found["b"] == [None] * MANY + ["x"] + [None] * MANY
    assert found["a"] == [1.0] * MANY + [None] + [2.0] * MANY


@pytest.mark.parametrize(("value", "kind"), [("1.5", "double"), ('"x"', "None"), ("true", "bool")])
def test_column_of_leading_nulls_gets_its_type_late(tmp_path: Path, value: str, kind: str) -> None:
    source = lines(tmp_path, *['{"a":null}'] * MANY, f'{{"a":{value}}}')
    assert types(source) == {"a": kind}
    assert cells(source)["a"] == [None] * MANY + [json.loads(value)]


@pytest.mark.parametrize("content", [b'{}\n{}\n{"a":1}\n{}', b'[{}, {}, {"a": 1}, {}]'])
def test_empty_objects_are_rows(tmp_path: Path, content: bytes) -> None:
    assert cells(open_bytes(tmp_path, content)) == {"a": [None, None, 1.0, None]}


def test_column_of_nulls_is_missing_text(tmp_path: Path) -> None:
    source = lines(tmp_path, '{"a": null}', '{"a": null}')
    assert types(source) == {"a": "None"}
    assert cells(source) == {"a": [None, None]}


def test_texts_that_resemble_times_stay_text(tmp_path: Path) -> None:
    text = "2024-01-31T10:00:00"
    source = lines(tmp_path, *[f'{{"a": "{text}"}}'] * MANY)
    assert set(cells(source)["a"]) == {text}


def test_integers_and_fractions_share_a_column(tmp_path: Path) -> None:
    source = lines(tmp_path, *['{"a":1}'] * MANY, '{"a":0.5}', '{"a":12345678901234567890123}')
    assert cells(source)["a"][-2:] == [0.5, 12345678901234567890123.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n  \n"])
def test_blank_lines_and_a_byte_order_mark_are_not_rows(tmp_path: Path, end: str) -> None:
    content = "\ufeff" + end.join(['{"a":1}', '{"a":2}', ""])
    source = open_bytes(tmp_path, content.encode(), media_type=LINES)
    assert cells(source) == {"a": [1.0, 2.0]}


def test_sparse_rows_are_read_in_bounded_batches(tmp_path: Path) -> None:
    rows = [json.dumps({f"c{n}": n}) for n in range(500)]
    source = lines(tmp_path, *rows, *['{"c0":1}'] * 5000, limits=Limits(max_columns=500))
    batches = list(source.batches(["typed"] * 500))
    assert sum(batch.num_rows for batch in batches) == 5500
    assert max(batch.nbytes for batch in batches) < 2**24


@pytest.mark.parametrize(
    ("bad", "code", "place"),
    [
        ('{"a": "x"}', "mixed_types", FileLocation(MANY + 2, "a", '"x"', "a number")),
        ('{"a": true}', "mixed_types", FileLocation(MANY + 2, "a", "true", "a number")),
        ('{"a": [1]}', "nested_value", None),
        ('{"a": {"b": 1}}', "nested_value", None),
        ('{"c": {"b": 1}}', "nested_value", None),
        ('{"a": 1, "a": 2}', "repeated_key", None),
        ('{"a": NaN}', "not_json", None),
        ('{"a": -Infinity}', "not_json", None),
        ('{"a": 1e999}', "number_too_large", None),
        ('{"a": ' + "9" * 5000 + "}", "number_too_large", None),
        ('{"a": 1', "not_json", None),
        ('{"a": 1} {"a": 2}', "not_json", None),
        ("a,b", "not_json", None),
        ("[1]", "not_a_table", None),
        ("7", "not_a_table", None),
        ('{"b": "\\ud800"}', "not_json", None),
        ('{"a": ' + "[" * 100_000 + "}", "nested_value", None),
    ],
)
def test_bad_line_is_refused_with_its_number(
    tmp_path: Path, bad: str, code: str, place: FileLocation | None
) -> None:
    rows = ["", *['{"a":1}'] * MANY, bad, '{"a":1}']
    error = refusal(tmp_path, "\n".join(rows).encode(), format="json_lines")
    assert (error.code, f"line {MANY + 2}" in str(error)) == (code, True)
    assert error.place is not None
    assert error.place.line == MANY + 2
    assert place in {None, error.place}


def test_line_that_is_not_utf8_is_refused_with_its_number(tmp_path: Path) -> None:
    content = b'{"a": "x"}\n' * 3 + b'{"a": "\xff"}\n'
    error = refusal(tmp_path, content, format="json_lines")
    assert (error.code, error.place and error.place.line) == ("wrong_encoding", 4)


@pytest.mark.parametrize("line", [b'{"a": "', b'{"'])
def test_line_that_is_too_long_is_refused(tmp_path: Path, line: bytes) -> None:
    content = b'{"a": "x"}\n' + line + b"x" * (MAX_ROW_BYTES + BLOCK_BYTES)
    error = refusal(tmp_path, content, format="json_lines")
    assert (error.code, error.place and error.place.line) == ("row_too_long", 2)


def test_invalid_cell_is_located_by_its_line(tmp_path: Path) -> None:
    source = lines(tmp_path, "", '{"a": "1"}', "", '{"a": "many"}')
    error = source.explain(0, "many", "a number")
    assert isinstance(error, IntakeError)
    assert error.place == FileLocation(4, "a", "many", "a number")


def test_texts_can_be_read_as_numbers(tmp_path: Path) -> None:
    source = lines(
        tmp_path, '{"a": " 1,5 "}', '{"a": ""}', '{"a": "-"}', missing=("-",), decimal=","
    )
    assert cells(source, "number") == {"a": [1.5, None, None]}


def test_reading_text_as_numbers_raises(tmp_path: Path) -> None:
    source = lines(tmp_path, '{"b": 1, "a": "x"}')
    with pytest.raises(WrongReadingError, match="column 1"):
        cells(source, "number")


def test_numbers_and_booleans_can_be_read_as_text(tmp_path: Path) -> None:
    source = lines(tmp_path, '{"a": 3, "b": true}', '{"a": 0.1, "b": null}')
    assert cells(source, "text") == {"a": ["3", "0.1"], "b": ["true", None]}


def test_rows_of_arrays_get_names(tmp_path: Path) -> None:
    found = cells(open_bytes(tmp_path, b'[[1, "x"], [2, null]]'))
    assert found == {"column_1": [1.0, 2.0], "column_2": ["x", None]}


@pytest.mark.parametrize("rows", [1, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS])
def test_columns_of_any_length_are_read_back(tmp_path: Path, rows: int) -> None:
    columns = {
        "late": [None] * (rows - 1) + [1.5],
        "texts": [f"t{n}" for n in range(rows)],
        "nulls": [None] * rows,
        "gaps": [None if n % 3 else float(n) for n in range(rows)],
    }
    assert cells(open_bytes(tmp_path, json.dumps(columns).encode())) == columns


def test_index_of_a_pandas_split_table_is_dropped(tmp_path: Path) -> None:
    split = {"data": [[1, "x"], [2, "y"]], "index": [0, 1], "columns": ["a", "b"]}
    source = open_bytes(tmp_path, json.dumps(split).encode())
    assert cells(source) == {"a": [1.0, 2.0], "b": ["x", "y"]}
    assert [notice.code for notice in source.notices] == ["index_dropped"]


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"[]", "no_rows", "no rows"),
        (b"{}", "no_rows", "no rows"),
        (b"[{}]", "no_columns", "columns"),
        (b"3", "not_a_table", "rows or columns"),
        (b"[3]", "not_a_table", "row 1"),
        (b'[{"a": 1}, [2]]', "not_a_table", "row 2"),
        (b"[[1], [1, 2]]", "ragged_row", "row 2"),
        (b'[{"a": 1}, {"a": "x"}]', "mixed_types", "row 2"),
        (b'[{"a": [1]}]', "nested_value", "row 1"),
        (b'[{"a": 1, "a": 1}]', "repeated_key", "row 1"),
        (b'[\n{"a": 1},\n{"a": x}]', "not_json", "line 3, after 1 complete rows"),
        (b'[{"a": 1}', "not_json", "end"),
        (b'[{"a": 1}] x', "not_json", "JSON"),
        (b'[{"a": NaN}]', "not_json", "JSON"),
        (b'[{"a": 1e999}]', "number_too_large", "1e999"),
        (b'[{"a": ' + b"9" * 5000 + b"}]", "number_too_large", "64 bits"),
        (b'[{"a": "\\ud800"}]', "not_json", "surrogate"),
        (b'[{"a": "\\udc00"}]', "not_json", "surrogate"),
        (b'[{"a": "\xff"}]', "wrong_encoding", "utf-8"),
        (b'[{"a": ' + b"[" * 200_000, "nested_value", "nested"),
        (b'{"a": ' * 200_000, "nested_value", "nested"),
        (b'{"a": [1], "b": [1, 2]}', "ragged_columns", "'b' has 2 rows where 'a' has 1"),
        (b'{"a": [1], "a": [2]}', "repeated_key", "'a' twice"),
        (b'{"a": [1, "x"]}', "mixed_types", "row 2"),
        (b'{"a": [[1]]}', "nested_value", "row 1"),
        (b'{"a": 1, "b": [1]}', "not_a_table", "'a' is 1"),
        (b'{"columns": ["a"], "data": [[1, 2]]}', "ragged_columns", "1 names"),
        (b'{"x": [1], "data": [[1, 2]]}', "not_a_table", "'x'"),
    ],
)
def test_document_that_is_not_a_table_is_refused(
    tmp_path: Path, content: bytes, code: str, says: str
) -> None:
    error = refusal(tmp_path, content, format="json")
    assert (error.code, says in str(error)) == (code, True)


def test_surrogate_pairs_and_escaped_backslashes_are_accepted(tmp_path: Path) -> None:
    found = cells(open_bytes(tmp_path, rb'[{"a": "\ud83d\ude00 \\ud800"}]', format="json"))
    assert found == {"a": ["😀 \\ud800"]}


@pytest.mark.parametrize("content", [b'[{"a": "%s"}]', b'{"a": ["%s"]}', b'[{"%s": 1}]'])
def test_value_that_is_too_long_is_refused(tmp_path: Path, content: bytes) -> None:
    long = content % (b"x" * (2 * MAX_ROW_BYTES))
    assert refusal(tmp_path, long, format="json").code == "row_too_long"


@pytest.mark.parametrize("form", ["json_lines", "json"])
def test_too_many_columns_are_refused(tmp_path: Path, form: str) -> None:
    row = json.dumps({f"c{n}": n for n in range(101)})
    content = row if form == "json_lines" else f"[{row}]"
    assert refusal(tmp_path, content.encode(), format=form).code == "too_many_columns"


def test_sparse_rows_with_too_many_cells_are_refused(tmp_path: Path) -> None:
    rows = [json.dumps({f"c{n}": n for n in range(50)}), *['{"c0":1}'] * 50]
    content = "\n".join(rows).encode()
    error = refusal(tmp_path, content, format="json_lines", limits=Limits(max_cells=2000))
    assert error.code == "too_many_rows"


@pytest.mark.parametrize("form", ["json_lines", "json"])
def test_names_that_are_too_long_are_refused_before_rows_are_written(
    tmp_path: Path, form: str
) -> None:
    rows = [json.dumps({"x" * 1025: 1})] * 10
    content = "\n".join(rows) if form == "json_lines" else f"[{','.join(rows)}]"
    error = refusal(tmp_path, content.encode(), format=form, limits=Limits(max_cells=3))
    assert error.code == "column_name_too_long"


def test_batches_can_be_read_again(tmp_path: Path) -> None:
    source = lines(tmp_path, *['{"a":1}'] * MANY)
    assert cells(source) == cells(source)
    assert all(isinstance(batch, pa.RecordBatch) for batch in source.batches(["typed"]))


@pytest.mark.parametrize("content", [b"[]\n[]\n[1]", b"[[],[]]"])
def test_rows_that_are_empty_arrays_are_refused_at_once(tmp_path: Path, content: bytes) -> None:
    error = refusal(tmp_path, content)
    assert (error.code, error.place and error.place.line) == ("no_columns", 1)


@pytest.mark.parametrize(
    "content",
    [
        b"{}\n" * 3000,
        b'{"a":1}\n' + b"{}\n" * 3000,
        b"[" + b"{}," * 2999 + b"{}]",
        b'[{"a":1}' + b",{}" * 3000 + b"]",
        b'{"a":[1' + b",1" * 3000 + b"]}",
        b'{"columns":["a"],"data":[[1]' + b",[1]" * 3000 + b"]}",
    ],
)
def test_reading_stops_where_there_are_too_many_rows(tmp_path: Path, content: bytes) -> None:
    """The end of the file, which is not JSON, is not reached."""
    more = content + b" " * 2 * BLOCK_BYTES + b"?"
    assert refusal(tmp_path, more, limits=Limits(max_rows=2000)).code == "too_many_rows"


def test_blank_lines_are_read_without_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = 0
    parse = _Reader._parse_lines

    def count(reader: _Reader, block: Block) -> Any:
        nonlocal parsed
        parsed += len(block.text)
        return parse(reader, block)

    monkeypatch.setattr(_Reader, "_parse_lines", count)
    source = lines(tmp_path, '{"a":1}', "\n" * 4 * BLOCK_BYTES, '{"a":2}')
    assert cells(source) == {"a": [1.0, 2.0]}
    assert parsed < BLOCK_BYTES // 8


def test_sparse_rows_are_built_from_the_cells_that_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = 0
    build = JsonColumns.build_column

    def count(columns: JsonColumns, name: str, values: list[Any], line_of: Any) -> Any:
        nonlocal built
        built += len(values)
        return build(columns, name, values, line_of)

    monkeypatch.setattr(JsonColumns, "build_column", count)
    found = cells(lines(tmp_path, *(f'{{"c{n}":{n}}}' for n in range(100))))
    assert built == 100
    assert all(found[f"c{n}"] == [None] * n + [float(n)] + [None] * (99 - n) for n in range(100))


def test_a_wrong_cell_of_a_sparse_column_is_found_in_its_row(tmp_path: Path) -> None:
    rows = ['{"a":1}', '{"b":1}', '{"b":2}', "", '{"a":true}']
    assert "line 5: column 'a'" in str(refusal(tmp_path, "\n".join(rows).encode()))
    error = refusal(tmp_path, b'[{"a":1},{"b":1},{"b":2},{"a":[1]}]')
    assert (error.code, error.place and error.place.line) == ("nested_value", 4)
