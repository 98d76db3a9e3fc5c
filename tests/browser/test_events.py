"""The parser of event streams."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.modules import Module

PARSE = """(module, pieces) => {
  const events = [];
  const parse = module.eventParser((event) => events.push(event));
  pieces.forEach(parse);
  return events;
}"""


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (['id: 4\nevent: epoch\ndata: {"x": 1}\n\n'], [("4", "epoch", {"x": 1})]),
        (['id: 4\ndata: {"x"', ":1}", "\n", "\n"], [("4", "message", {"x": 1})]),
        (["data: [1,\ndata: 2]\n\n"], [("", "message", [1, 2])]),
        (["data: 1\r\n\r", "\ndata: 2\r\n\r\n"], [("", "message", 1), ("", "message", 2)]),
        ([": keep alive\n\n", "retry: 5\n\n"], []),
        (["data: 1\n"], []),
    ],
)
def test_events_arrive_whole_however_the_stream_is_cut(
    module: Callable[[str], Module], pieces: list[str], expected: list[Any]
) -> None:
    found = module("core/events.js").handle.evaluate(PARSE, pieces)
    assert [(event["id"], event["type"], event["data"]) for event in found] == expected
