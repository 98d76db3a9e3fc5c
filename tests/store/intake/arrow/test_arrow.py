"""Arrow files and streams are memory-mapped, validated and split into bounded batches."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from store.intake import budget
from store.intake.batches.arrow_source import BATCH_BYTES, MAX_ROW_BYTES
from store.intake.cells.text_views import take_views
from store.intake.options import Limits
from tests.store.intake.any_files import arrow_bytes, cells, open_bytes, refusal

TABLE = pa.table({"x": np.arange(3000) * 1.5, "t": [f"w{n % 7}" for n in range(3000)]})
WORDS = pa.table({"t": ["one", "two", "three"]})
FILE, STREAM = arrow_bytes(TABLE), arrow_bytes(TABLE, stream=True)


def int64(number: int) -> bytes:
    return number.to_bytes(8, "little", signed=True)


def offsets(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "little", signed=True) for number in numbers)


def swap(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_table_is_read_back(tmp_path: Path, stream: bool, compression: str | None) -> None:
    content = arrow_bytes(TABLE, stream=stream, compression=compression)
    source = open_bytes(tmp_path, content)
    for _ in range(2):
        assert cells(source) == TABLE.to_pydict()


@pytest.mark.parametrize("stream", [False, True])
def test_dictionaries_are_read_as_text(tmp_path: Path, stream: bool) -> None:
    words = pa.array([f"w{n % 500}" for n in range(1000)]).dictionary_encode()
    nulls = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 500), pa.array(["a", None]))
    table = pa.table({"w": words, "n": nulls})
    found = cells(open_bytes(tmp_path, arrow_bytes(table, stream=stream)))
    assert found == {"w": words.to_pylist(), "n": ["a", None] * 500}


def test_large_batch_is_split(tmp_path: Path) -> None:
    table = pa.table({"x": np.arange(2_000_000.0), "t": ["ab"] * 2_000_000}).combine_chunks()
    source = open_bytes(tmp_path, arrow_bytes(table))
    batches = list(source.batches(["typed", "text"]))
    assert max(batch.get_total_buffer_size() for batch in batches) <= BATCH_BYTES
    assert pa.Table.from_batches(batches).column(0).equals(table.column(0))


@pytest.mark.parametrize("content", [FILE, STREAM])
@pytest.mark.parametrize("kept", [20, 100, 300, 0.5, 0.9])
def test_truncated_file_is_refused(tmp_path: Path, content: bytes, kept: float) -> None:
    end = int(kept * len(content)) if kept < 1 else int(kept)
    assert refusal(tmp_path, content[:end]).code == "not_arrow"


@pytest.mark.parametrize(
    "content",
    [
        swap(FILE, int64(3000), int64(-1)),
        swap(FILE, int64(3000), int64(10**6)),
        swap(FILE, int64(24_000), int64(10**12)),
        swap(FILE, int64(24_000), int64(-8)),
        swap(STREAM, int64(24_000), int64(8)),
        FILE[:-10] + b"\xff\xff\xff\x7fARROW1",
        FILE[:-10] + b"\xff\xff\xff\xffARROW1",
        FILE[:-200] + b"\x07" * 190 + FILE[-10:],
        FILE[:8] + b"\x07" * 200 + FILE[208:],
        STREAM[:4] + b"\xff\xff\xff\x7f" + STREAM[8:],
        STREAM[:8] + b"\xff" * 50 + STREAM[58:],
        swap(arrow_bytes(WORDS), offsets(0, 3, 6, 11), offsets(0, 3, 6, 10**9)),
        swap(arrow_bytes(WORDS), offsets(0, 3, 6, 11), offsets(0, -3, 6, 11)),
        swap(arrow_bytes(WORDS), offsets(0, 3, 6, 11), offsets(0, 6, 3, 11)),
    ],
)
def test_inconsistent_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "not_arrow"


def test_dictionary_index_out_of_range_is_refused(tmp_path: Path) -> None:
    codes = pa.array([0, 1, 2, 1], pa.int32())
    table = pa.table({"x": pa.DictionaryArray.from_arrays(codes, ["a", "b", "c"])})
    content = swap(arrow_bytes(table), offsets(0, 1, 2, 1), offsets(0, 9, 2, 1))
    assert refusal(tmp_path, content).code == "not_arrow"


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    content = swap(arrow_bytes(WORDS), b"onetwo", b"o\xfe\xfftwo")
    assert refusal(tmp_path, content).code == "wrong_encoding"


def test_impossible_row_count_is_refused_before_reading(tmp_path: Path) -> None:
    error = refusal(tmp_path, swap(FILE, int64(3000), int64(10**12)))
    assert error.code == "too_many_rows"


@pytest.mark.parametrize("claim", [2**40, 2**62])
def test_compressed_buffer_with_excessive_claimed_size_is_refused(
    tmp_path: Path, claim: int
) -> None:
    content = arrow_bytes(pa.table({"x": np.arange(3000.0)}), compression="lz4")
    error = refusal(
        tmp_path, swap(content, int64(24_000) + b"\x04\x22", int64(claim) + b"\x04\x22")
    )
    assert error.code == "expands_too_much"


def test_zeros_that_expand_a_thousandfold_are_refused(tmp_path: Path) -> None:
    content = arrow_bytes(pa.table({"x": np.zeros(2**24)}), compression="zstd")
    assert refusal(tmp_path, content).code == "expands_too_much"


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (pa.array([[1]]), "nested_value"),
        (pa.array([{"a": 1}]), "nested_value"),
        (pa.array([b"x"]), "unsupported_type"),
        (pa.array([pa.MonthDayNano([1, 2, 3])]), "unsupported_type"),
    ],
)
def test_unsupported_column_type_is_refused(tmp_path: Path, array: pa.Array, code: str) -> None:
    assert refusal(tmp_path, arrow_bytes(pa.table({"x": array}))).code == code


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    content = arrow_bytes(pa.table({f"c{n}": [1] for n in range(200)}))
    assert refusal(tmp_path, content, limits=Limits(max_columns=199)).code == "too_many_columns"


def test_file_without_columns_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, arrow_bytes(pa.table({}))).code == "no_columns"


def views(text: str, rows: int) -> pa.Array:
    """Return `rows` views of one text."""
    return take_views(pa.array([text], pa.string_view()), pa.array([0] * rows))


def one_row_batches(rows: list[pa.Array], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    schema = pa.schema([("x", rows[0].type)])
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for row in rows:
            writer.write_batch(pa.record_batch([row], schema=schema))
    found: bytes = sink.getvalue().to_pybytes()
    return found


def test_views_are_read_in_batches_of_their_texts(tmp_path: Path) -> None:
    content = arrow_bytes(pa.table({"x": views("a" * 60_000, 1000)}))
    source = open_bytes(tmp_path, content)
    assert max(batch.nbytes for batch in source.batches(["text"])) <= BATCH_BYTES
    assert cells(source) == {"x": ["a" * 60_000] * 1000}


@pytest.mark.parametrize(("length", "rows"), [(60_000, 65_536), (10**6, 1500)])
def test_views_of_too_much_text_are_refused(tmp_path: Path, length: int, rows: int) -> None:
    content = arrow_bytes(pa.table({"x": views("a" * length, rows)}), stream=True)
    assert refusal(tmp_path, content).code == "expands_too_much"


def test_dictionary_of_views_is_converted_without_its_unused_entries(tmp_path: Path) -> None:
    used = pa.DictionaryArray.from_arrays(pa.array([0] * 3000), views("a" * 10**6, 3000))
    short = pa.array(["b"]).cast(pa.string_view())
    table = pa.table({"x": pa.DictionaryArray.from_arrays(pa.array([0] * 9), short), "y": [1] * 9})
    assert cells(open_bytes(tmp_path, arrow_bytes(table)))["x"] == ["b"] * 9
    assert refusal(tmp_path, arrow_bytes(pa.table({"x": used}))).code == "expands_too_much"


def test_long_text_in_a_dictionary_is_refused(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array(["a" * (2 * MAX_ROW_BYTES), "b"]).dictionary_encode()})
    assert refusal(tmp_path, arrow_bytes(table)).code == "row_too_long"


def test_batches_of_one_row_are_joined(tmp_path: Path) -> None:
    words = pa.array([f"w{n}" for n in range(2000)])
    rows = [pa.DictionaryArray.from_arrays(pa.array([n], pa.int16()), words) for n in range(500)]
    source = open_bytes(tmp_path, one_row_batches(rows))
    assert len(list(source.batches(["text"]))) == 1
    assert cells(source) == {"x": [f"w{n}" for n in range(500)]}


def test_dictionary_may_grow_in_few_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def grown(start: int, steps: int) -> bytes:
        words = [[f"{n:050}" for n in range(start + step)] for step in range(steps)]
        rows = [pa.DictionaryArray.from_arrays(pa.array([0]), pa.array(w)) for w in words]
        return one_row_batches(rows, emit_dictionary_deltas=True)

    monkeypatch.setattr(budget, "FLOOR_BYTES", 2**16)
    limits = Limits(max_expansion=2)
    assert len(cells(open_bytes(tmp_path, grown(1, 20), limits=limits))["x"]) == 20
    error = refusal(tmp_path, grown(1, 200), limits=limits)
    assert (error.code, "deltas" in str(error)) == ("expands_too_much", True)


def test_false_offset_is_refused_where_a_batch_is_split(tmp_path: Path) -> None:
    table = pa.table({"t": ["ab"] * 100_000}).combine_chunks()
    content = swap(arrow_bytes(table), offsets(2 * 65_536), offsets(2**30))
    assert refusal(tmp_path, content).code == "not_arrow"
