"""The same rows in every format are the same columns of the model."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Shape
from engine.data.table import CategoricalColumn, FileConventions, NumericColumn
from engine.predictor import Predictor
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidRowsError
from service.predictions.json_body import read_json
from service.predictions.table_body import SentTable, read_table
from service.runtime.model_cache import ServedModel
from service.serializers.model_columns import NO_RULES, ColumnRules
from service.serializers.rows import ReadRows, RowReader
from service.uploads.request_body import Upload
from store.errors import IntakeError
from store.intake import read_rows
from tests.store.intake.any_files import arrow_bytes, npy_bytes, parquet_bytes

COLUMNS: tuple[FittedColumn, ...] = (
    FittedNumeric("size", 0, 1, 0),
    FittedTime("when", ("year",), 2000, 1, 0),
    FittedBoolean("fast", 0),
    FittedCategories("colour", ("red", "blue", "0,5", "7", "True")),
    FittedCodes("code", ("1", "a")),
    FittedOrdinal("grade", ("low", "high"), 0, 1, 0),
    FittedText("note", 8),
)
COMMA = FileConventions(("NA", "-999"), ",", {"when": "%d.%m.%Y"})
POINT = FileConventions(("NA", "-999"), ".", {"when": "%m/%d/%Y"})


def make_model(
    columns: tuple[FittedColumn, ...] = COLUMNS,
    words: FileConventions = COMMA,
    *,
    others: frozenset[str] = frozenset(),
    shape: Shape | None = None,
) -> ServedModel:
    """Return a model that can read rows, but not predict."""
    preprocessing = Preprocessing(columns, NumericTarget("y", 0, 1), words)
    reader = RowReader(preprocessing, others, shape)
    return ServedModel("mdl_1", preprocessing, cast("Predictor", None), reader, 0)


def read_file(
    folder: Path,
    content: bytes,
    model: ServedModel,
    media_type: str,
    rules: ColumnRules = NO_RULES,
    *,
    header: bool | None = None,
) -> ReadRows:
    path = folder / "rows"
    path.write_bytes(content)
    upload = Upload(path, "rows", len(content), "", media_type)
    return read_table(SentTable(upload, header), model, rules, 1000, read_rows)


def outcome(rows: ReadRows) -> Any:
    """Return every value, with the sign of zeros, and the places that were not understood."""
    values = {name: describe(rows.columns[name]) for name in rows.columns}
    return values, sorted(rows.not_understood)


def describe(column: NumericColumn | CategoricalColumn) -> list[Any]:
    if isinstance(column, NumericColumn):
        return [repr(value) for value in column.values.tolist()]
    return [None if code < 0 else column.levels[code] for code in column.codes.tolist()]


NUMBERS = [
    "1,5",
    " 2,5 ",
    "1.5",
    "7",
    "-0",
    "1e3",
    "-999",
    "-999.0",
    "NA",
    " NA ",
    "?",
    "inf",
    "nan",
]
WORDS = {
    "size": [*NUMBERS, "1e999", "0x1", "about 5", "+1", ".5", "5.", ",5"],
    "when": ["31.01.2024", "01/31/2024", "2024-01-31", "2024-01-31T10:30:00Z", "?", "x", "1,5"],
    "fast": ["yes", "No", "TRUE", "0", "1", "t", "maybe", "NA", "?"],
    "colour": ["red", " blue ", "0,5", "0.5", "7", "7.0", "true", "NA", "?", "green", 'a "b"'],
    "code": ["1", "a", "b", "-999", "1.0"],
    "grade": ["low", "high", "LOW", "NA"],
    "note": ["a lot; of, words", "NA", "two\nlines", "é"],
}
CELL = {name: st.sampled_from([*words, ""]) for name, words in WORDS.items()}
TEXT_ROWS = st.lists(st.fixed_dictionaries(CELL), min_size=1, max_size=6)


def write_csv(rows: list[dict[str, str]], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*WORDS], delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@settings(max_examples=20)
@given(TEXT_ROWS, st.sampled_from([COMMA, POINT]), st.sampled_from(";,\t"))
def test_csv_is_read_as_texts_of_json(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, str]],
    words: FileConventions,
    delimiter: str,
) -> None:
    model = make_model(words=words)
    folder = tmp_path_factory.getbasetemp()
    expected = outcome(model.reader.read(rows))
    assert outcome(read_file(folder, write_csv(rows, delimiter), model, "text/csv")) == expected
    texts = pa.table({name: [row[name] for row in rows] for name in WORDS})
    for content in (parquet_bytes(texts), arrow_bytes(texts)):
        assert outcome(read_file(folder, content, model, "")) == expected


VALUES: dict[str, list[Any]] = {
    "size": [1.5, -0.0, -999.0, 5e-324, 1.7e308, float("inf"), 2.0**60],
    "when": [1.5e9, -999.0, 0.0, float("-inf")],
    "fast": [True, False],
    "colour": [7.0, 0.5, -999.0, 1e300, -0.0],
    "code": [1, 2, -999, 2**60 + 1],
    "grade": ["low", "high", "NA", "other", ""],
    "note": [True, False],
}
CELLS = {name: st.sampled_from([*values, None]) for name, values in VALUES.items()}
TYPED_ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6)
TYPES = {
    **dict.fromkeys(("size", "when", "colour"), pa.float64()),
    **dict.fromkeys(("fast", "note"), pa.bool_()),
    "code": pa.int64(),
    "grade": pa.string(),
}


@settings(max_examples=20)
@given(TYPED_ROWS)
def test_typed_cells_are_read_as_values_of_json(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    model, folder = make_model(), tmp_path_factory.getbasetemp()
    expected = outcome(model.reader.explain(rows))
    columns = {name: [row[name] for row in rows] for name in VALUES}
    assert outcome(model.reader.read(rows)) == expected
    assert outcome(model.reader.read_columns(columns, len(rows))) == expected
    table = pa.table({name: pa.array(columns[name], TYPES[name]) for name in VALUES})
    for content in (parquet_bytes(table), arrow_bytes(table, stream=True)):
        assert outcome(read_file(folder, content, model, "")) == expected


def test_timestamps_are_the_times_that_their_texts_are(tmp_path: Path) -> None:
    moments = [datetime(2024, 1, 31, 10, 30, 7, tzinfo=UTC), None]
    model = make_model(COLUMNS[1:2])
    texts = [None if moment is None else moment.isoformat() for moment in moments]
    expected = outcome(model.reader.read([{"when": text} for text in texts]))
    for unit in ("ms", "us", "ns"):
        table = pa.table({"when": pa.array(moments, pa.timestamp(unit, "UTC"))})
        for content in (parquet_bytes(table), arrow_bytes(table)):
            assert outcome(read_file(tmp_path, content, model, "")) == expected


NUMERIC = tuple(FittedNumeric(name, 0, 1, 0) for name in "abcd")
MATRIX = np.random.default_rng(0).normal(size=(5, 4))


@pytest.mark.parametrize(
    "content",
    [
        npy_bytes(MATRIX),
        npy_bytes(np.asfortranarray(MATRIX)),
        npy_bytes(MATRIX.astype(">f8")),
        npy_bytes(MATRIX[:, ::-1].copy().view([(n, "f8") for n in "dcba"])[:, 0]),
        "\n".join(",".join(map(repr, row)) for row in MATRIX.tolist()).encode(),
        "a,b,c,d\n" + "\n".join(",".join(map(repr, row)) for row in MATRIX.tolist()),
        parquet_bytes(pa.table(list(MATRIX.T), names=[*"abcd"])),
    ],
)
def test_matrices_are_read_as_arrays_of_json(tmp_path: Path, content: bytes | str) -> None:
    model = make_model(NUMERIC, POINT)
    content = content.encode() if isinstance(content, str) else content
    expected = outcome(model.reader.read(MATRIX.tolist()))
    assert outcome(read_file(tmp_path, content, model, "")) == expected


def test_arrays_may_have_the_input_shape(tmp_path: Path) -> None:
    model = make_model(NUMERIC, POINT, shape=(2, 2, 1))
    expected = outcome(model.reader.read(MATRIX.tolist()))
    for shape in ((4,), (2, 2), (2, 2, 1)):
        content = npy_bytes(MATRIX.reshape(5, *shape))
        assert outcome(read_file(tmp_path, content, model, "")) == expected


@pytest.mark.parametrize(
    ("shape", "code"), [((2, 2), "wrong_shape"), ((1, 4), "wrong_shape"), ((3,), "wrong_length")]
)
def test_other_arrays_are_refused(tmp_path: Path, shape: Shape, code: str) -> None:
    for input_shape in (None, (4, 1, 1)):
        model = make_model(NUMERIC, POINT, shape=input_shape)
        with pytest.raises(InvalidRowsError) as caught:
            read_file(tmp_path, npy_bytes(np.ones((3, *shape))), model, "")
        assert [problem.code for problem in caught.value.errors] == [code]


def test_a_file_without_names_has_those_of_the_dataset_if_it_has_its_columns(
    tmp_path: Path,
) -> None:
    columns = tuple(FittedNumeric(f"x{n}", 0, 1, 0) for n in (1, 2))
    model = make_model(columns, POINT, others=frozenset({"x0", "column_1"}))
    rows = read_file(tmp_path, npy_bytes(MATRIX[:, :3]), model, "")
    assert describe(rows.columns["x1"]) == [repr(v) for v in MATRIX[:, 1].tolist()]
    # As many as there are features are the features.
    rows = read_file(tmp_path, npy_bytes(MATRIX[:, :2]), model, "")
    assert describe(rows.columns["x1"]) == [repr(v) for v in MATRIX[:, 0].tolist()]


def read_csv(folder: Path, text: str, rules: ColumnRules = NO_RULES, **how: Any) -> ReadRows:
    model = make_model(NUMERIC[:2], POINT, others=frozenset({"id"}))
    return read_file(folder, text.encode(), model, "text/csv", rules, **how)


def refuse(folder: Path, text: str, **how: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidRowsError) as caught:
        read_csv(folder, text, **how)
    return [(problem.code, problem.column) for problem in caught.value.errors]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    rows = read_csv(tmp_path, "id,b,a\n1,2,3\n")
    assert [describe(rows.columns[name]) for name in "ab"] == [["3.0"], ["2.0"]]
    rows = read_csv(tmp_path, "b\n2\n")
    assert [describe(rows.columns[name]) for name in "ab"] == [["nan"], ["2.0"]]


def test_unknown_and_repeated_columns_are_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a,b,c\n1,2,3\n") == [("unknown_column", "c")]
    assert refuse(tmp_path, "a,b,a\n1,2,3\n") == [("repeated_column", "a")]
    strict = ColumnRules(extra="error")
    assert refuse(tmp_path, "a,b,id\n1,2,3\n", rules=strict) == [("unknown_column", "id")]
    assert read_csv(tmp_path, "a,b,c\n1,2,3\n", ColumnRules(extra="ignore")).columns.rows == 1
    wide = ",".join(f"u{n}" for n in range(500))
    assert len(refuse(tmp_path, f"{wide}\n{','.join('1' * 500)}\n")) == 20


def test_absent_columns_follow_the_rules_of_records(tmp_path: Path) -> None:
    strict = ColumnRules(missing="error")
    assert refuse(tmp_path, "b\n2\n", rules=strict) == [("missing_column", None)]
    rows = read_csv(tmp_path, "b\n2\n\n3\n", ColumnRules(missing="ignore"))
    assert rows.unflagged is not None
    assert rows.unflagged.tolist() == [[True, False]] * 2


def test_the_index_of_a_data_frame_is_not_read(tmp_path: Path) -> None:
    rows = read_csv(tmp_path, ",a,b\n0,1,2\n1,3,4\n")
    assert describe(rows.columns["a"]) == ["1.0", "3.0"]


def test_a_header_can_be_stated(tmp_path: Path) -> None:
    assert describe(read_csv(tmp_path, "1,2\n3,4\n").columns["a"]) == ["1.0", "3.0"]
    assert describe(read_csv(tmp_path, "1,2\n3,4\n", header=False).columns["b"]) == ["2.0", "4.0"]
    found = refuse(tmp_path, "1,2\n3,4\n", header=True)
    assert found == [("unknown_column", "1"), ("unknown_column", "2")]


def test_ragged_and_nested_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        read_csv(tmp_path, "a,b\n1,2\n3\n")
    assert (caught.value.code, "line 3" in str(caught.value)) == ("ragged_row", True)
    model = make_model(NUMERIC[:1], POINT)
    nested = pa.table({"a": [[1.0], [2.0]]})
    for content in (parquet_bytes(nested), arrow_bytes(nested)):
        with pytest.raises(IntakeError) as caught:
            read_file(tmp_path, content, model, "")
        assert caught.value.code == "nested_value"


@pytest.mark.parametrize(
    ("media_type", "size", "is_small"),
    [
        ("text/csv", 2**16, True),
        ("text/csv", 2**16 + 1, False),
        ("application/x-ndjson", 2**13, True),
        ("application/x-ndjson", 2**13 + 1, False),
        ("application/json", 1, False),
        ("application/octet-stream", 1, False),
        ("", 1, False),
    ],
)
def test_only_a_short_text_is_a_small_table(media_type: str, size: int, *, is_small: bool) -> None:
    upload = Upload(Path("rows"), "rows", size, "", media_type, begins_as_text=True)
    assert SentTable(upload).is_small == is_small
    assert not SentTable(replace(upload, content_encoding="gzip")).is_small
    assert not SentTable(replace(upload, begins_as_text=False)).is_small


COLUMN_BODIES = [
    (b'{"columns":{"a":[1,2],"b":[3]}}', "/columns/b", "wrong_length"),
    (b'{"columns":{"a":[],"b":[]}}', "/columns", "too_short"),
    (b'{"columns":{"a":1,"b":[1]}}', "/columns/a", "not_a_list"),
    (b'{"columns":{"a":[1],"c":[1]}}', "/columns/c", "unknown_column"),
    (b'{"columns":{"a":[1,[2]],"b":[1,{}]}}', "/columns/a/1", "not_a_value"),
    (b'{"columns":{"a":[' + b"1," * 10_000 + b"1]}}", "/columns", "too_long"),
]


@pytest.mark.parametrize(("body", "pointer", "code"), COLUMN_BODIES)
def test_wrong_columns_of_json_are_refused(body: bytes, pointer: str, code: str) -> None:
    with pytest.raises(InvalidRowsError) as caught:
        read_json(body, make_model(NUMERIC[:2], POINT).reader)
    problem = caught.value.errors[0]
    assert (problem.pointer, problem.code) == (pointer, code)


def test_unequal_columns_of_json_are_named_with_their_lengths() -> None:
    body = b'{"columns":{"a":[1,2],"b":[3]}}'
    with pytest.raises(InvalidRowsError) as caught:
        read_json(body, make_model(NUMERIC[:2], POINT).reader)
    assert caught.value.errors[0].detail == "'b' has 1 value, but 'a' has 2"
