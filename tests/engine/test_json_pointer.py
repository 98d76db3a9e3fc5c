"""JSON pointers point at the value that their tokens name."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.json_pointer import column_pointer, json_pointer


def resolve(document: Any, pointer: str) -> Any:
    """Follow a pointer as RFC 6901, section 4, describes it."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@given(st.lists(st.text() | st.just(0), max_size=4))
def test_pointer_leads_to_the_value(tokens: list[str | int]) -> None:
    document: Any = "found"
    for token in reversed(tokens):
        document = [document] if isinstance(token, int) else {token: document, f"{token}x": None}
    assert resolve(document, json_pointer(*tokens)) == "found"


def test_column_names_are_escaped() -> None:
    assert column_pointer("a/b~c", "levels", 0) == "/preprocessing/columns/a~1b~0c/levels/0"


def test_lone_surrogates_are_written_as_in_json() -> None:
    assert json_pointer("rows", 0, "\ud800") == "/rows/0/\\ud800"
