"""Parquet files are read in bounded batches; files with a false footer are refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import FileLocation, IntakeError
from store.intake.arrow.parquet import COLUMNS_AT_ONCE
from store.intake.batches.arrow_source import MAX_ROW_BYTES
from store.intake.options import Limits
from store.intake.source import WrongReadingError
from tests.store.intake.any_files import cells, open_bytes, parquet_bytes, refusal

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
GOOD = parquet_bytes(
    pa.table({"x": np.arange(5000) * 1.5}), compression="none", use_dictionary=False
)
FOOTER = int.from_bytes(GOOD[-8:-4], "little")


def change_footer(change: Callable[[bytes], bytes]) -> bytes:
    """Replace the footer of the valid file and correct its length."""
    footer = change(GOOD[-8 - FOOTER : -8])
    return GOOD[: -8 - FOOTER] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def read_one(folder: Path, array: pa.Array, reading: Any = None) -> tuple[str, list[Any]]:
    source = open_bytes(folder, parquet_bytes(pa.table({"x": array})))
    return str(source.columns[0].type), cells(source, reading)["x"]


@pytest.mark.parametrize(
    ("array", "kind", "typed", "text", "number"),
    [
        (pa.array([1, None], pa.int8()), "int8", [1, None], ["1", None], [1.0, None]),
        (pa.array([2**53 + 1]), "int64", [2**53 + 1], [str(2**53 + 1)], [2.0**53]),
        (pa.array([2**64 - 1], pa.uint64()), "uint64", [2**64 - 1], [str(2**64 - 1)], [2.0**64]),
        (pa.array([np.float16(0.5)], pa.float16()), "float", [0.5], ["0.5"], [0.5]),
        (pa.array([0.1], pa.float32()), "float", [np.float32(0.1)], ["0.1"], [np.float32(0.1)]),
        (pa.array([1.0, float("nan")]), "double", [1.0, None], ["1", None], [1.0, None]),
        (pa.array([True, None]), "bool", [True, None], ["true", None], [1.0, None]),
        (pa.array([Decimal("1.50")]), "double", [1.5], ["1.50"], [1.5]),
        (
            pa.array([date(1970, 1, 2)]),
            "timestamp[s]",
            [datetime(1970, 1, 2)],  # noqa: DTZ001  (without a zone)
            ["1970-01-02"],
            [86400.0],
        ),
        (pa.array([time(0, 1)]), "double", [60.0], ["60"], [60.0]),
        (pa.array([timedelta(hours=1)]), "double", [3600.0], ["3600"], [3600.0]),
        (
            pa.array([NOON], pa.timestamp("ms", "Europe/Berlin")),
            "timestamp[ms, tz=Europe/Berlin]",
            [NOON],
            ["2024-01-31 12:00:00.000Z"],
            [NOON.timestamp()],
        ),
        (pa.array(["1.5", " "]), "None", ["1.5", " "], ["1.5", " "], [1.5, None]),
        (pa.array(["x"], pa.large_string()).dictionary_encode(), "None", ["x"], ["x"], None),
        (pa.array([7, 8]).dictionary_encode(), "int64", [7, 8], ["7", "8"], [7.0, 8.0]),
        (pa.nulls(2), "None", [None, None], [None, None], [None, None]),
    ],
)  # fmt: skip
def test_cells_are_read_typed_as_text_and_as_numbers(
    tmp_path: Path,
    array: pa.Array,
    kind: str,
    typed: list[Any],
    text: list[Any],
    number: list[Any] | None,
) -> None:
    found = read_one(tmp_path, array)
    assert found == (kind, typed)
    assert read_one(tmp_path, array, "text")[1] == text
    if number is None:
        with pytest.raises(WrongReadingError):
            read_one(tmp_path, array, "number")
    else:
        assert read_one(tmp_path, array, "number")[1] == number


def test_times_of_day_are_read_as_seconds_with_a_notice(tmp_path: Path) -> None:
    source = open_bytes(tmp_path, parquet_bytes(pa.table({"x": [time(1)]})))
    assert [(n.code, n.column) for n in source.notices] == [("read_as_seconds", "x")]


@pytest.mark.parametrize("columns", [COLUMNS_AT_ONCE, COLUMNS_AT_ONCE + 1, 60])
@pytest.mark.parametrize("group", [7, 100, 1000])
def test_wide_file_is_read_in_groups_of_columns(tmp_path: Path, columns: int, group: int) -> None:
    numbers = np.arange(100.0 * columns).reshape(columns, 100)
    table = pa.table({f"c{n}": numbers[n] for n in range(columns - 1)} | {"t": ["a", "b"] * 50})
    source = open_bytes(tmp_path, parquet_bytes(table, row_group_size=group))
    for _ in range(2):
        assert cells(source) == table.to_pydict()


@pytest.mark.parametrize("length", [100, 20_000])
def test_long_and_short_texts_are_read_back(tmp_path: Path, length: int) -> None:
    texts = [f"{n}".rjust(length, "x") for n in range(600)] + ["same"] * 400
    source = open_bytes(tmp_path, parquet_bytes(pa.table({"x": texts})))
    assert cells(source) == {"x": texts}


def test_batches_of_long_texts_are_small(tmp_path: Path) -> None:
    texts = [str(n) * 5000 for n in range(3000)]
    source = open_bytes(tmp_path, parquet_bytes(pa.table({"x": texts})))
    assert max(batch.nbytes for batch in source.batches(["text"])) < 2**23


def test_row_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    content = parquet_bytes(pa.table({"x": ["a" * (2 * MAX_ROW_BYTES), "b"]}))
    assert refusal(tmp_path, content).code == "row_too_long"


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (pa.array([[1]]), "nested_value"),
        (pa.array([[1, 2]], pa.list_(pa.int8(), 2)), "nested_value"),
        (pa.array([{"a": 1}]), "nested_value"),
        (pa.array([b"x"]), "unsupported_type"),
        (pa.array([b"x"], pa.binary(1)), "unsupported_type"),
    ],
)
def test_unsupported_column_type_is_refused_by_name(
    tmp_path: Path, array: pa.Array, code: str
) -> None:
    error = refusal(tmp_path, parquet_bytes(pa.table({"good": [1], "bad": array})))
    assert (error.code, "'bad'" in str(error)) == (code, True)
    assert error.place is not None
    assert error.place.column == "bad"


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1",
        GOOD[: len(GOOD) // 2],
        GOOD[:-1],
        GOOD[:-8] + b"\xff\xff\xff\xffPAR1",
        GOOD[:-8] + bytes(4) + b"PAR1",
        change_footer(lambda footer: bytes(len(footer))),
        change_footer(lambda footer: footer[::-1]),
        GOOD[:4] + b"\xff" * 200 + GOOD[204:],
    ],
)
def test_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content, format="parquet").code == "not_parquet"


# The claims replace 5000 as Thrift encodes it: zigzag, seven bits per byte.
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("claim", [b"\x16\x90\x9f\xbc\x0a", b"\x16\x02", b"\x16\x01"])
def test_footer_with_false_row_count_is_refused(tmp_path: Path, which: int, claim: bytes) -> None:
    def replace_count(footer: bytes) -> bytes:
        parts = footer.split(b"\x16\x90\x4e")
        return (
            b"\x16\x90\x4e".join(parts[: which + 1])
            + claim
            + b"\x16\x90\x4e".join(parts[which + 1 :])
        )

    error = refusal(tmp_path, change_footer(replace_count))
    assert (error.code, "claims" in str(error)) == ("not_parquet", True)


def test_rows_in_almost_no_bytes_are_refused(tmp_path: Path) -> None:
    ones = pa.repeat(pa.scalar(1.5), 10**6)
    file = tmp_path / "many.parquet"
    with pq.ParquetWriter(file, pa.schema([("x", pa.float64())])) as writer:
        for _ in range(50):
            writer.write_table(pa.table({"x": ones}))
    assert refusal(tmp_path, file.read_bytes()).code == "expands_too_much"


def test_encrypted_file_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, b"PARE" + GOOD[4:-4] + b"PARE")
    assert "encrypted" in str(error)


def test_too_many_columns_are_refused_before_the_footer_is_parsed(tmp_path: Path) -> None:
    content = parquet_bytes(pa.table({f"c{n}": [1] for n in range(200)}))
    error = refusal(tmp_path, content, limits=Limits(max_columns=199))
    assert (error.code, "200" in str(error)) == ("too_many_columns", True)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    content = parquet_bytes(pa.table({"x": ["abcdefgh"]}), write_statistics=False)
    error = refusal(tmp_path, content.replace(b"abcdefgh", b"abc\xff\xfefgh"))
    assert error.code == "wrong_encoding"


def test_invalid_cell_is_located_by_its_row(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["1", "x", "x"]})
    error = open_bytes(tmp_path, parquet_bytes(table)).explain(1, "x", "a number")
    assert isinstance(error, IntakeError)
    assert (error.code, error.place) == ("invalid_cell", FileLocation(2, "b", "x", "a number"))
