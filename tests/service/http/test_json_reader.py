"""Long JSON texts are read piece by piece: the same values and errors, and limits."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http import json_reader, strict_json
from service.http.json_reader import CHECKED_ITEMS, JsonLimits, TooManyChildrenError
from service.http.strict_json import InvalidJsonError, parse_json

TEXTS = st.text('a"\\[]{},: \n1é', max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def small_window() -> Any:
    """Windows of a few characters, so that every text is read piece by piece."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "WINDOW", 16)
        patch.setattr(json_reader, "MAX_LARGE_DEPTH", 400)
        patch.setattr(strict_json, "LONG_TEXT", 0)
        yield


@settings(max_examples=300, deadline=None)
@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_the_same_value_is_read(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert parse_json(text.encode()) == value


@settings(max_examples=300, deadline=None)
@given(VALUES, st.integers(0, 200), st.sampled_from(["", ",", "]", "}", "[", '"', "x", "NaN", ":"]))
def test_the_same_error_is_found(value: Any, place: int, inserted: str) -> None:
    text = json.dumps(value)
    place %= len(text) + 1
    content = (text[:place] + inserted + text[place + 1 :]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "LONG_TEXT", 10**9)
        expected = read(content)
    found = read(content)
    if "NaN" in text or inserted == "NaN":
        # The first error in the text is found.
        assert isinstance(found, tuple) == isinstance(expected, tuple)
    else:
        assert found == expected


def read(content: bytes) -> object:
    """Return the value, or the text and path of the error."""
    try:
        return parse_json(content)
    except InvalidJsonError as error:
        return str(error), list(error.path)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([1] * 101, []),
        ({"a": [[], ["x"] * 101]}, ["a", 1]),
        ({"a": {f"{n}": n for n in range(101)}}, ["a"]),
        ([{"b": [[1, 2]] * 101}], [0, "b"]),
    ],
)
def test_a_limit_ends_the_reading(document: object, path: list[str | int]) -> None:
    text = json.dumps(document).encode()
    with pytest.raises(TooManyChildrenError) as raised:
        # The text after the limit is not read.
        parse_json(text + b"no JSON", JsonLimits(lambda _: 100))
    assert raised.value.path == path
    assert parse_json(text, JsonLimits(lambda _: 101)) == document


def test_a_growing_array_is_checked() -> None:
    seen: list[tuple[Sequence[str | int], int]] = []

    def check(path: Sequence[str | int], items: list[Any]) -> None:
        seen.append(([*path], len(items)))

    rows = [[n, {"a": n}] for n in range(CHECKED_ITEMS * 3)]
    limits = JsonLimits(check=check)
    assert parse_json(json.dumps({"rows": rows}).encode(), limits) == {"rows": rows}
    assert [place for place, _ in seen] == [["rows"]] * 3
    assert [count // CHECKED_ITEMS for _, count in seen] == [1, 2, 3]


def test_large_values_are_not_nested_deeply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_LARGE_DEPTH", 12)
    text = json.dumps(["x"] * 100)
    nested = "[" * 11 + text + "]" * 11
    assert parse_json(nested.encode())
    with pytest.raises(InvalidJsonError, match="nested too deeply"):
        parse_json(f"[{nested}]".encode())
