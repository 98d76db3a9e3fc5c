"""The number of arrays and objects of a body to predict is limited before it is parsed."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http import json_scan
from service.http.errors import InvalidRowsError
from service.predictions import json_limits
from service.predictions.json_limits import require_few_containers
from service.schemas.predictions import MAX_ROWS


def rows_of(row: bytes, count: int) -> bytes:
    return b'{"rows": [' + b",".join([row] * count) + b"]}"


@pytest.mark.parametrize("row", [b"{}", b"[]", b'{"a": 1, "b": "]"}', b"[1, null]", b"[[], {}]"])
def test_far_too_many_rows_are_refused_unparsed(
    row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_limits, "_SPARE", 1_000)
    body = rows_of(row, 12_000)
    tracemalloc.start()
    with pytest.raises(InvalidRowsError, match="more than 11000 arrays and objects") as raised:
        require_few_containers(body, [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    (problem,) = raised.value.errors
    assert (problem.pointer, problem.code) == ("", "too_long")


def test_rows_may_be_nested_in_the_shape_of_the_model() -> None:
    body = rows_of(b"[" + b",".join([b"[" + b",".join([b"[1]"] * 28) + b"]"] * 28) + b"]", 300)
    require_few_containers(body, [(28, 28, 1)])
    with pytest.raises(InvalidRowsError):
        require_few_containers(body, [])


@pytest.mark.parametrize("text", ["[{" * 20, '"[' * 20, "\\[" * 20, "["])
def test_brackets_in_texts_do_not_count(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scan, "_PART_BYTES", 1_000)
    row = json.dumps({"a": text, "b": text * 100}).encode()
    body = rows_of(row, MAX_ROWS // 100)
    monkeypatch.setattr(json_limits, "_SPARE", -MAX_ROWS + MAX_ROWS // 100 + 2)
    require_few_containers(body, [])
    with pytest.raises(InvalidRowsError):
        require_few_containers(body.replace(b"}]}", b"}, []]}"), [])


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.text('[]{}"\\a', max_size=9) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text('[]{}"\\a', max_size=4), inner),
        max_leaves=8,
    ),
    st.integers(1, 50),
)
def test_parts_are_the_text_without_its_strings(value: Any, part_bytes: int) -> None:
    def count(value: Any) -> int:
        if isinstance(value, dict):
            return 1 + sum(map(count, value.values()))
        return 1 + sum(map(count, value)) if isinstance(value, list) else 0

    body = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "_PART_BYTES", part_bytes)
        bare = b"".join(json_scan._iterate_without_strings(body))
    assert bare.count(b"[") + bare.count(b"{") == count(value)


def test_a_string_without_an_end_is_left_to_the_parser() -> None:
    require_few_containers(b'{"rows": ["' + b"[" * 200_000, [])
