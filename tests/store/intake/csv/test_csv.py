"""CSV files of any dialect are read as typed columns; errors are located by line."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.datasets.column_file_writer import MAX_BATCH_BYTES, hash_file
from store.errors import FileLocation
from store.intake import Limits
from store.intake.csv.scan import BLOCK_BYTES
from tests.store.intake.csv_files import column_of, read, refusal

# Letters, quotes, delimiters and line breaks, in texts that are neither blank nor numbers. There is
# no single carriage return, because the csv module does not quote it.
PARTS = ["a", "ä", "ß", "€", " ", ",", ";", "\t", "|", '"', "'", "\n", "\r\n", ".", "5", "-"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=8).map(lambda parts: f"k{''.join(parts)}k")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(NUMBERS, TEXTS, st.booleans() | st.none()), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    decimal=st.sampled_from([".", ","]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_output_of_pythons_csv_module_is_read_back(
    tmp_path: Path,
    rows: list[tuple[float, str, bool | None]],
    delimiter: str,
    encoding: str,
    decimal: str,
    quoting: Any,
    end: str,
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(["number", "text", "truth"])
    for number, text, truth in rows:
        writer.writerow([repr(number).replace(".", decimal), text, "" if truth is None else truth])
    intake = read(
        tmp_path,
        file.getvalue().encode(encoding),
        delimiter=delimiter,
        decimal=decimal,
        header=True,
    )
    assert intake.values("number") == [number for number, _, _ in rows]
    assert intake.values("text") == [text for _, text, _ in rows]
    assert intake.values("truth") == [truth for _, _, truth in rows]


def test_statistics_over_many_blocks(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1e6, 1.0, BLOCK_BYTES // 8).round(3)
    intake = read(tmp_path, "x\n" + "\n".join(map(str, values)))
    found = intake.column
    assert intake.contents.rows == len(values)
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.std == pytest.approx(values.std(), rel=1e-9)
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def test_result_holds_the_sha256_of_the_column_file(tmp_path: Path) -> None:
    intake = read(tmp_path, "x,y\n1,a\n")
    assert intake.contents.blob_sha256 == hash_file(intake.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["columns.arrow", "upload"]


def test_text_is_trimmed_and_missing_values_are_detected(tmp_path: Path) -> None:
    intake = column_of(tmp_path, [" a ", "a", " NA ", "", "b"])
    assert intake.values("x") == ["a", "a", None, None, "b"]
    assert (intake.column.missing, intake.column.distinct) == (2, 2)


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2"] * 20_000 + ["many"],
        ["true", "false"] * 20_000 + ["perhaps"],
        ["2024-01-31"] * 20_000 + ["yesterday"],
        ["01/02/2024"] * 20_000 + ["13/13/2024"],
        [""] * 20_000 + ["at last"],
    ],
)
def test_late_contradicting_cell_makes_the_column_text(tmp_path: Path, cells: list[str]) -> None:
    intake = column_of(tmp_path, cells)
    assert intake.column.kind == "categorical"
    assert intake.values("x") == [cell or None for cell in cells]


def test_late_cells_may_contradict_many_columns(tmp_path: Path) -> None:
    names = ",".join(f"x{n}" for n in range(7))
    rows = [",".join("1" for _ in range(7))] * 60_000
    for n in range(6):
        rows.append(",".join(f"t{n}" if n == m else "1" for m in range(7)))
    intake = read(tmp_path, "\n".join([names, *rows]))
    assert [c.kind for c in intake.contents.columns] == ["categorical"] * 6 + ["numeric"]
    assert all(c.distinct == 2 for c in intake.contents.columns[:6])


def test_late_marker_of_a_missing_value_leaves_a_column_numeric(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["1"] * 20_000 + ["?", " ", "+2", " 3 "])
    assert intake.column.kind == "numeric"
    assert intake.values("x")[-4:] == [None, None, 2.0, 3.0]
    assert intake.codes == ["missing_marker"]


def test_late_day_decides_the_order_of_days_and_months(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["01/02/2024"] * 20_000 + ["31/12/2024"])
    assert (intake.column.kind, intake.column.time_format) == ("time", "%d/%m/%Y")
    assert intake.codes == []


def test_batches_of_the_column_file_are_small(tmp_path: Path) -> None:
    intake = read(tmp_path, "t\n" + ("x" * 1000 + "\n") * 12_000)
    with pa.OSFile(str(intake.path)) as source:
        reader = pa.ipc.open_file(source)
        sizes = [reader.get_batch(i).nbytes for i in range(reader.num_record_batches)]
    assert len(sizes) > 2
    assert max(sizes) <= MAX_BATCH_BYTES


@pytest.mark.parametrize("before", [0, 1, 300_000])
def test_cell_of_three_mib_is_read(tmp_path: Path, before: int) -> None:
    long = "a" * 3 * 2**20
    intake = read(tmp_path, "x,y\n" + "1,b\n" * before + f"2,{long}\n3,b\n")
    assert intake.values("y")[before:] == [long, "b"]


def test_quoted_cell_of_many_lines_is_read(tmp_path: Path) -> None:
    long = "a,\n" * 300_000
    intake = read(tmp_path, f'x,y\n1,"{long}"\n2,b\n')
    assert intake.values("y") == [long.strip(), "b"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"\n\n", "empty_file", None),
        (b"\xef\xbb\xbf", "empty_file", None),
        (b"x,y\n", "no_rows", None),
        (b"x,y\n1,2\n3\n", "ragged_row", 3),
        (b"x,y\n1,2\n3,4,5\n", "ragged_row", 3),
        (b'x,y\n"a\nb",2\n\n3\n', "ragged_row", 5),
        (b'x,y\n1,"2\n3,4\n5,6\n', "unclosed_quote", 2),
        (b'x,y\n1,2\n"3,4\n5,6\n', "unclosed_quote", 3),
        (b'x,"y\n1,2\n', "unclosed_quote", 1),
        (b"x,y\n1,2\n3,a\0\n", "not_csv", 3),
        (b"x,y\n1,2\n3,\xff\x01\n", "not_csv", None),
        (b"x,y\n1,inf\n", "infinite_number", 2),
        (b"x,y\n1,2\n1,1e999\n", "infinite_number", 3),
        (b"x,y\n1,1\n" * 2 + b"1," + b"a" * 5 * 2**20, "row_too_long", 5),
        (b"x,y\n1," + b'"' + b"a\n" * 3 * 2**20 + b'"\n', "row_too_long", 2),
        (b"x" * 2000 + b"\n1\n", "column_name_too_long", None),
    ],
)
def test_broken_file_is_refused_with_its_line(
    tmp_path: Path, content: bytes, code: str, line: int | None
) -> None:
    error = refusal(tmp_path, content)
    assert (error.code, error.place.line if error.place else None) == (code, line)


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a,b,c\n1,2,3\n", limits=Limits(max_columns=2))
    assert error.code == "too_many_columns"


def test_late_ragged_row_is_refused_with_its_line_and_text(tmp_path: Path) -> None:
    error = refusal(tmp_path, "x,y\n" + "1,2\n" * 300_000 + "1,2,oops\n")
    assert error.place == FileLocation(300_002, None, "1,2,oops", "2 cells")


def test_late_infinite_number_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "x,y\n" + "1,2\n" * 50_000 + "1,Infinity\n")
    assert error.place == FileLocation(50_002, "y", "Infinity", "a finite number")


@pytest.mark.parametrize(
    ("cells", "kind", "line", "text"),
    [
        (["1", "a", "b"], "numeric", 3, "a"),
        (["1"] * 60_000 + ["a"], "numeric", 60_002, "a"),
        (["yes", "No", "1", "maybe"], "boolean", 5, "maybe"),
        (["2024-01-31", "2024-02-30"], "time", 3, "2024-02-30"),
        (["soon"], "time", 2, "soon"),
    ],
)
def test_cell_that_does_not_fit_the_stated_kind_is_refused(
    tmp_path: Path, cells: list[str], kind: str, line: int, text: str
) -> None:
    body = "x,y\n" + "".join(f"{cell},0\n" for cell in cells)
    error = refusal(tmp_path, body, kinds={"x": kind})
    assert error.code == "invalid_cell"
    assert error.place is not None
    assert (error.place.line, error.place.column, error.place.text) == (line, "x", text)


def test_kind_of_an_unknown_column_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "x,y\n1,2\n", kinds={"z": "numeric"})
    assert (error.code, error.place) == ("unknown_column", FileLocation(column="z"))


def test_numbers_stated_as_categorical_keep_their_spelling(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["007", "7", "7.0"], kinds={"x": "categorical"})
    assert (intake.column.kind, intake.values("x")) == ("categorical", ["007", "7", "7.0"])


def test_more_texts_are_booleans_if_the_kind_is_stated(tmp_path: Path) -> None:
    cells = ["yes", "N", "1", "off", "T", ""]
    intake = column_of(tmp_path, cells, kinds={"x": "boolean"})
    assert intake.values("x") == [True, False, True, False, True, None]


def test_leading_zeros_give_a_notice(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["007", "010"])
    assert intake.values("x") == [7.0, 10.0]
    assert intake.codes == ["leading_zeros"]


def test_integers_beyond_float_precision_give_a_notice(tmp_path: Path) -> None:
    assert column_of(tmp_path, ["12345678901234567890"]).codes == ["large_integers"]


def test_table_of_thousands_of_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(2000))
    rows = [",".join(str(n * k % 300) for n in range(2000)) for k in range(1, 40)]
    intake = read(tmp_path, "\n".join([header, *rows]))
    assert intake.contents.rows == 39
    assert intake.values("c299") == [float(299 * k % 300) for k in range(1, 40)]
    assert intake.contents.columns[299].distinct == 39


def test_number_that_marks_a_missing_value_is_missing_however_it_is_written(
    tmp_path: Path,
) -> None:
    intake = column_of(tmp_path, ["-999", "-999.0", "-9.99e2", "1.5", " -999 "], missing=("-999",))
    assert intake.values("x") == [None, None, None, 1.5, None]
    assert (intake.column.missing, intake.column.minimum) == (4, 1.5)
    assert intake.values("y") == [0.0] * 5
