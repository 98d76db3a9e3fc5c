"""Levels of a column: the value that a word denotes, and the known values to suggest instead."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from engine.data.similar_words import find_similar
from engine.data.table import ColumnKind, ColumnSchema, Level, level_text
from engine.data.value_reader import ValueReader, WrongValueError

Part = Literal["validation", "test"]
# Texts that mark a row of a part if the client does not list any; one column can mark both parts.
_TEST_TEXTS = frozenset({"test", "holdout", "true", "yes"})
_MARKS: Mapping[Part, frozenset[str]] = {
    "validation": _TEST_TEXTS | {"validation", "valid", "val"},
    "test": _TEST_TEXTS,
}
MAX_SHOWN = 10


def read_level(
    reader: ValueReader, kind: ColumnKind, value: Level, levels: Collection[Level] = ()
) -> Level | None:
    """Return the level that a value denotes in a column, None if it denotes a missing value.

    Args:
        reader: reader in the notation of the column's file.
        kind: kind of the column.
        value: a word of the file, or a number or boolean of a request.
        levels: known levels of the column.

    Raises:
        WrongValueError: the value cannot be read as one of the column's kind.
    """
    match kind:
        case "numeric":
            number = reader.number(int(value) if isinstance(value, bool) else value)
            return None if math.isnan(number) else number
        case "boolean":
            truth = reader.boolean(value)
            return None if truth < 0 else bool(truth)
        case "categorical" | "text":
            return reader.category(value, levels)
        case "time":
            raise WrongValueError("times cannot be compared with words")


def kind_of(levels: Collection[Level]) -> ColumnKind:
    """Return the kind of the column that has these levels."""
    first = next(iter(levels), "")
    if isinstance(first, bool):
        return "boolean"
    return "categorical" if isinstance(first, str) else "numeric"


def known_levels(column: ColumnSchema) -> tuple[Level, ...] | None:
    """Return all levels of a column in ascending order; None if its description is incomplete."""
    if column.levels is None or column.kind == "time":
        return None
    match column.kind:
        case "boolean":
            return tuple(sorted(text == "true" for text in column.levels))
        case "numeric":
            return tuple(sorted(_parse_number(text) for text in column.levels))
        case _:
            return tuple(sorted(column.levels))


def marks_part(level: Level, part: Part) -> bool:
    """Return whether a level marks a row of a part by default: true, 1, or one of its words."""
    if isinstance(level, int | float) and not isinstance(level, bool):
        return level == 1
    return level_text(level).strip().casefold() in _MARKS[part]


def describe_levels(levels: Sequence[Level], word: Level | None = None) -> str:
    """Return the levels, at most 10, and the one nearest to a word, if any, for a message."""
    shown = ", ".join(_show(level) for level in levels[:MAX_SHOWN])
    hidden = len(levels) - MAX_SHOWN
    more = f" and {hidden} more" if hidden > 0 else ""
    nearest = None if word is None else _find_nearest(levels, word)
    question = "" if nearest is None else f"; did you mean {_show(nearest)}?"
    return f"{shown}{more}{question}"


def _find_nearest(levels: Sequence[Level], word: Level) -> Level | None:
    """Return the nearest number, or the level most similar to a word in any case, if there is one.

    A decimal comma is taken for a point.
    """
    if kind_of(levels) == "numeric":
        number = _to_number(word)
        if not math.isfinite(number):
            return None
        return min(levels, key=lambda level: abs(float(level) - number))
    by_text: dict[str, Level] = {}
    for level in levels:
        by_text.setdefault(level_text(level), level)
    found = find_similar(level_text(word), by_text)
    return by_text[found[0]] if found else None


def _to_number(word: Level) -> float:
    try:
        return float(word.replace(",", ".") if isinstance(word, str) else word)
    except (ValueError, OverflowError):
        return math.nan


def _show(level: Level) -> str:
    return repr(level) if isinstance(level, str) else level_text(level)


def _parse_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
