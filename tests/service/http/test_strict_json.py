"""Strict JSON: documents that are read, and the errors of those that are refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.strict_json import InvalidJsonError, parse_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def refuse(text: bytes) -> InvalidJsonError:
    with pytest.raises(InvalidJsonError) as raised:
        parse_json(text)
    assert len(str(raised.value)) < 500
    return raised.value


@settings(max_examples=40, deadline=None)
@given(VALUES.filter(lambda value: "Infinity" not in json.dumps(value)))
def test_json_is_read(value: Any) -> None:
    text = json.dumps(value).encode()
    assert parse_json(text) == value
    assert parse_json(b"\xef\xbb\xbf" + text) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "the text is empty"),
        (b" \n", "the text is empty"),
        (b'{"a": [1,\n  2', "Expecting ',' delimiter: line 2, column 4, at the end"),
        (b"[1 2]", "Expecting ',' delimiter: line 1, column 4, at '2]'"),
        (b"[1,]", "a comma before ']': line 1, column 4, at ']'"),
        (b'{"a": [1, 2] ,\n }', "a comma before '}': line 2, column 2, at '}'"),
        (b"[[1], 2]]", "Extra data: line 1, column 9, at ']'"),
        (b"[1, 2}", "Expecting ',' delimiter: line 1, column 6, at '}'"),
        (b"[1]\n x", "Extra data: line 2, column 2, at 'x'"),
        (b"{'a': 1}", "property name enclosed in double quotes: line 1, column 2, at \"'a': 1}\""),
        (b'["\xc3\xa4", "a', "Unterminated string starting: line 1, column 7, at '\"a'"),
        (b'["a\tb"]', r"Invalid control character: line 1, column 4, at '\tb"),
        (b"[" + b"x" * 1_000, "line 1, column 2, at 'xxxxxxxxxxxxxxxxxxxx'"),
        (b'["\xc3\xa4",\n "\xff"]', "the text is not UTF-8: line 2, column 3, at byte 0xff"),
        (b'["\xed\xa0\x80"]', "the text is not UTF-8: line 1, column 3, at byte 0xed"),
        ('{"a": 1}'.encode("utf-16"), "the text is UTF-16, but JSON is UTF-8"),
        ('{"a": 1}'.encode("utf-16-be"), "the text is UTF-16-BE, but JSON is UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[NaN," + b"[" * 50_000, "nested too deeply"),
        (b"[" + b"1" * 5_000 + b"]", "a number has too many digits"),
        (b"[NaN, " + b"1" * 5_000 + b"]", "a number has too many digits"),
        (b"[NaN, x]", "Expecting value: line 1, column 7, at 'x]'"),
    ],
)
def test_the_place_of_what_is_not_json_is_stated(text: bytes, what: str) -> None:
    error = refuse(text)
    assert what in str(error)
    assert list(error.path) == []


@pytest.mark.parametrize(
    ("text", "what", "path"),
    [
        (b"NaN", "NaN is not JSON: send null for a missing value", []),
        (b'["NaN", -Infinity]', "-Infinity is not JSON", [1]),
        (b'{"a": 1, "b": [[], {"c": 2}, {"d/e": Infinity}]}', "Infinity", ["b", 2, "d/e"]),
        (b'[{"a": [1, 2]}, [3], {"b": {"a": 1, "a": 1}}]', "the key 'a' is repeated", [2, "b"]),
        (b'{"a": 1, "a": NaN}', "the key 'a' is repeated", []),
        (b"[[1], [[2]], [[3], NaN], NaN]", "NaN", [2, 1]),
    ],
)
def test_the_path_to_a_refused_value_is_stated(
    text: bytes, what: str, path: list[str | int]
) -> None:
    error = refuse(text)
    assert str(error).startswith(what)
    assert list(error.path) == path
    assert ("(at /" in str(error)) == bool(path)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_the_only_refused_value_is_found(value: Any) -> None:
    text = json.dumps([value, {"here": [value, "MARK"]}, value])
    if "Infinity" not in text and text.count('"MARK"') == 1:
        assert list(refuse(text.replace('"MARK"', "NaN").encode()).path) == [1, "here", 1]


def test_a_long_key_is_cut_in_the_text() -> None:
    refuse(b'{"' + b"k" * 100_000 + b'": NaN}')
    refuse(b'{"%s": 1, "%s": 2}' % ((b"k" * 100_000,) * 2))
