"""Names of columns as the file has them become names that are unique, trimmed and printable."""

import unicodedata
from collections.abc import Iterator, Sequence

from store.datasets.datasets import Notice
from store.errors import IntakeError

MAX_NAME_LENGTH = 1024
SHOWN_NAME = 80
# A header of nothing but commas would be told ten thousand times.
SHOWN_NOTICES = 20


def clean_names(raw: Sequence[str], max_columns: int) -> tuple[tuple[str, ...], list[Notice]]:
    """A unique name for every column, and what was changed.

    Raises IntakeError: too many columns, none, or a name that is too long.
    """
    check_column_count(len(raw), max_columns)
    trimmed = [_trim(name, position) for position, name in enumerate(raw, start=1)]
    notices = list(_tell_trimmed(raw, trimmed))
    names, changed = _make_unique(trimmed)
    return names, notices + changed


def check_column_count(count: int, max_columns: int) -> None:
    """Raises IntakeError if there are too many columns, or none."""
    if count > max_columns:
        detail = f"the file has {count} columns, at most {max_columns} are allowed"
        raise IntakeError("too_many_columns", detail)
    if count == 0:
        raise IntakeError("no_columns", "the file has no columns")


def _trim(name: str, position: int) -> str:
    if len(name) > MAX_NAME_LENGTH:
        detail = f"the name of column {position} is longer than {MAX_NAME_LENGTH} characters"
        raise IntakeError("column_name_too_long", detail)
    # Cc: control characters such as NUL and line breaks; Cs: halves of surrogate pairs, which
    # no database takes; the byte order mark is a blank of no width.
    kept = (" " if unicodedata.category(c) in {"Cc", "Cs"} or c == "\ufeff" else c for c in name)
    return "".join(kept).strip()


def _tell_trimmed(raw: Sequence[str], trimmed: Sequence[str]) -> Iterator[Notice]:
    changed = [new for old, new in zip(raw, trimmed, strict=True) if old != new and new]
    if changed:
        shown = ", ".join(repr(name[:SHOWN_NAME]) for name in changed[:SHOWN_NOTICES])
        more = f" and {len(changed) - SHOWN_NOTICES} more" if len(changed) > SHOWN_NOTICES else ""
        detail = f"blanks and control characters were taken from the names of {shown}{more}"
        yield Notice("name_trimmed", detail)


def _make_unique(trimmed: Sequence[str]) -> tuple[tuple[str, ...], list[Notice]]:
    """Empty and repeated names get a number; names that stand in the file stay what they are."""
    numbers = Numbers(trimmed)
    names: list[str] = []
    notices: list[Notice] = []
    given: set[str] = set()
    for position, name in enumerate(trimmed, start=1):
        if not name:
            unique = numbers.free(f"column_{position}")
            detail = f"column {position} has no name in the file: it is named {unique!r}"
            notices.append(Notice("unnamed_column", detail, unique))
        elif name in given:
            unique = numbers.free(name)
            detail = f"column {position} is named as an earlier one: it is named {unique!r}"
            notices.append(Notice("repeated_column", detail, unique))
        else:
            unique = name
        given.add(unique)
        names.append(unique)
    return tuple(names), _cut(notices)


class Numbers:
    """Finds names that are not in use by putting a number after them."""

    def __init__(self, used: Sequence[str]) -> None:
        self._used = set(used)
        self._next: dict[str, int] = {}

    def free(self, name: str) -> str:
        """The name itself if it is free, else with the first number that makes it so."""
        number = self._next.get(name, 2)
        unique = name
        while unique in self._used:
            unique = f"{name}_{number}"
            number += 1
        # Ten thousand columns of one name would else be counted from 2 every time.
        self._next[name] = number
        self._used.add(unique)
        return unique


def _cut(notices: list[Notice]) -> list[Notice]:
    if len(notices) <= SHOWN_NOTICES:
        return notices
    rest = len(notices) - SHOWN_NOTICES
    more = Notice("names_changed", f"{rest} more columns have no name of their own in the file")
    return [*notices[:SHOWN_NOTICES], more]
