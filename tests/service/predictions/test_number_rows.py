"""The fast reading of plain numbers returns what the general reader returns, or leaves it to it."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.table import FileConventions
from engine.preprocessing.fitted import FittedNumeric, NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidRowsError
from service.predictions import number_rows
from service.predictions.json_body import read_json
from service.predictions.number_rows import read_number_rows
from service.schemas.predictions import MAX_ROWS, PredictRequest
from service.serializers.rows import RowReader


def reader(width: int, *missing: str) -> RowReader:
    columns = tuple(FittedNumeric(f"x{index}", 0.0, 1.0, 0.0) for index in range(width))
    words = FileConventions(missing=missing)
    return RowReader(Preprocessing(columns, NumericTarget("y", 0.0, 1.0), words))


def numbers(body: bytes, width: int = 2) -> Any:
    found = read_number_rows(body, width, MAX_ROWS)
    return None if found is None else found.tolist()


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows":[[1,2],[3.5,-4e2]]}',
        b' {\n"rows"\t: [ [1 , 2] ,\r\n [3.5 , -4E+2 ] ] } \n',
    ],
)
def test_plain_numbers_are_read(body: bytes) -> None:
    assert numbers(body) == [[1.0, 2.0], [3.5, -400.0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"rows":[]}',
        b'{"rows":[1,2]}',
        b'{"rows":[[1,2]]',
        b'{"rows":[[1,2]}',
        b'{"rows":[[1,2]]}}',
        b'{"rows":[[1,2]]} x',
        b'{"rows":[[1,2]]}\x0b',
        b'\xef\xbb\xbf{"rows":[[1,2]]}',
        b'{"ro ws":[[1,2]]}',
        b'{"rows":[[1,2],]}',
        b'{"rows":[[1,2][3,4]]}',
        b'{"rows":[,[1,2]]}',
        b'{"rows":[[1,2,3],[4]]}',
        b'{"rows":[[1,2],[3]]}',
        b'{"rows":[[1,2],[]]}',
        b'{"rows":[[1,]]}',
        b'{"rows":[[,1]]}',
        b'{"rows":[[1 2,3]]}',
        b'{"rows":[[[1,2]]]}',
        b'{"rows":[[[1],2]]}',
        b'{"rows":[[1,null]]}',
        b'{"rows":[[1,true]]}',
        b'{"rows":[[1,"2"]]}',
        b'{"rows":[[1,NaN]]}',
        b'{"rows":[[1,1e400]]}',
        b'{"rows":[[1,36893488147419103232]]}',
        b'{"rows":[[1,18446744073709551616]]}',
        b'{"rows":[[100000000000000000000,1]]}',
        b'{"rows":[[-9223372036854775809,1]]}',
        b'{"rows":[[1%s,2]]}' % (b"0" * 400),
        b'{"rows":[[01,2]]}',
        b'{"rows":[[1.,2]]}',
        b'{"rows":[[+1,2]]}',
        b'{"rows":[[1,2]],"rows":[[3,4]]}',
        b'{"rows":[[1,2]],"columns":{}}',
        b'{"columns":{},"rows":[[1,2]]}',
        b'{"rows":[{"x0":1,"x1":2}]}',
    ],
)
def test_everything_else_is_left_to_the_general_reader(body: bytes) -> None:
    assert numbers(body) is None


def test_an_empty_array_is_not_a_row_of_one_number() -> None:
    assert numbers(b'{"rows":[[]]}', width=1) is None
    assert numbers(b'{"rows":[[],[1]]}', width=1) is None
    assert numbers(b'{"rows":[[7]]}', width=1) == [[7.0]]


def test_more_rows_than_allowed_are_left_to_the_general_reader() -> None:
    assert read_number_rows(b'{"rows":[[1],[2],[3]]}', 1, 2) is None
    assert read_number_rows(b'{"rows":[[1],[2]]}', 1, 2) is not None


@pytest.mark.parametrize("indent", [None, 1])
def test_parts_of_a_body_are_joined(monkeypatch: pytest.MonkeyPatch, indent: int | None) -> None:
    monkeypatch.setattr(number_rows, "_PART_BYTES", 30)
    for rows in range(1, 40):
        expected = np.random.default_rng(rows).random((rows, 2)).tolist()
        assert numbers(json.dumps({"rows": expected}, indent=indent).encode()) == expected
        ragged = [*expected, [1.0]]
        assert numbers(json.dumps({"rows": ragged}, indent=indent).encode()) is None


NUMBERS: st.SearchStrategy[Any] = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, -0.0, -999, 2**53 + 1, 5e-324, 1.7976931348623157e308]),
)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.just("2"), st.just(10**400), st.just([1])
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Return a body of rows: mostly of plain numbers, sometimes with something odd."""
    rows = draw(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=6))
    if draw(st.integers(0, 3)) == 0:
        row = draw(st.integers(0, len(rows) - 1))
        rows[row] = draw(st.lists(NUMBERS | ODD, max_size=4))
    separators = draw(st.sampled_from([(",", ":"), (", ", " : "), (" ,\n", ":\t")]))
    return json.dumps({"rows": rows}, separators=separators).encode()


def read_generally(body: bytes, rows: RowReader) -> Any:
    request = PredictRequest.model_validate(json.loads(body))
    return rows.explain(request.rows)


def outcome(read: Any) -> Any:
    """Return the columns' bytes and the unreadable places, or the problems."""
    try:
        found = read()
    except InvalidRowsError as error:
        return [problem.model_dump() for problem in error.errors]
    columns = {name: column.values.tobytes() for name, column in found.columns.items()}
    return columns, found.not_understood


@given(bodies(), st.booleans())
def test_both_ways_agree(body: bytes, has_marker: bool) -> None:
    rows = reader(2, *(["-999"] if has_marker else []))
    assert outcome(lambda: read_json(body, rows)) == outcome(lambda: read_generally(body, rows))


def test_minus_zero_has_the_sign_that_the_general_reader_gives_it() -> None:
    body = b'{"rows":[[-0,-0.0]]}'
    assert outcome(lambda: read_json(body, reader(2))) == outcome(
        lambda: read_generally(body, reader(2))
    )
