"""Values in the texts of errors: JSON, as the client wrote it, and short."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.messages import show

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("red", "'red'"),
        ([None, False, "red", "grün"], '[null, false, "red", "grün"]'),
        ({"a": None, "b": {}, "c": []}, '{"a": null, "b": {}, "c": []}'),
        ([[[1]], [[]]], "[[[...]], [[]]]"),
        ([0] * 10**6, "[0, 0, 0, 0, 0, 0, ...]"),
        (["\ud800", '"'], r'["\ud800", "\""]'),
        (10**200, f"1{'0' * 119}..."),
        (["x" * 10**6], f'["{"x" * 118}...'),
    ],
)
def test_values_are_quoted_as_json(value: Any, text: str) -> None:
    assert show(value) == text


@given(
    st.lists(SCALARS, max_size=6).filter(lambda items: all(len(json.dumps(x)) < 18 for x in items))
)
def test_a_short_array_is_quoted_whole(items: list[Any]) -> None:
    assert json.loads(show(items)) == items


@given(VALUES)
def test_every_value_is_quoted_in_unicode(value: Any) -> None:
    assert len(show(value).encode()) < 600


def test_a_large_value_is_short() -> None:
    wide: Any = "\x00" * 10**6
    for _ in range(5):
        wide = {f"{n}": wide for n in range(9)}
    assert len(show(wide)) < 130
