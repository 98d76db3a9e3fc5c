"""Make a file's column names unique, trimmed and printable."""

import unicodedata
from collections.abc import Iterator, Sequence

from store.datasets.columns import Notice
from store.errors import IntakeError

MAX_NAME_LENGTH = 1024
SHOWN_NAME = 80
# A header of 10,000 commas would otherwise give 10,000 notices.
SHOWN_NOTICES = 20


def clean_names(raw: Sequence[str], max_columns: int) -> tuple[tuple[str, ...], list[Notice]]:
    """Return a unique name per column and notices of the changes.

    Raises IntakeError for too many columns, no columns or a name that is too long.
    """
    check_column_count(len(raw), max_columns)
    trimmed = [trim_name(name, position) for position, name in enumerate(raw, start=1)]
    notices = list(_trimmed_notices(raw, trimmed))
    names, changed = _make_unique(trimmed)
    return names, notices + changed


def check_column_count(count: int, max_columns: int) -> None:
    """Raise IntakeError if there are too many columns or none."""
    if count > max_columns:
        detail = f"the file has {count} columns, at most {max_columns} are allowed"
        raise IntakeError("too_many_columns", detail)
    if count == 0:
        raise IntakeError("no_columns", "the file has no columns")


def check_name_length(name: str, position: int) -> None:
    """Raise IntakeError if the name of the column at the position, from 1, is too long."""
    if len(name) > MAX_NAME_LENGTH:
        detail = f"the name of column {position} is longer than {MAX_NAME_LENGTH} characters"
        raise IntakeError("column_name_too_long", detail)


def trim_name(name: str, position: int) -> str:
    """Return a name without blanks around it and control characters. Raises IntakeError."""
    check_name_length(name, position)
    # Control characters (Cc) such as NUL and line breaks, and unpaired surrogates (Cs), which
    # databases reject. The byte order mark is a zero-width no-break space.
    kept = (" " if unicodedata.category(c) in {"Cc", "Cs"} or c == "\ufeff" else c for c in name)
    return "".join(kept).strip()


def _trimmed_notices(raw: Sequence[str], trimmed: Sequence[str]) -> Iterator[Notice]:
    changed = [new for old, new in zip(raw, trimmed, strict=True) if old != new and new]
    if changed:
        shown = ", ".join(repr(name[:SHOWN_NAME]) for name in changed[:SHOWN_NOTICES])
        more = f" and {len(changed) - SHOWN_NOTICES} more" if len(changed) > SHOWN_NOTICES else ""
        detail = f"blanks and control characters were removed from the column names {shown}{more}"
        yield Notice("name_trimmed", detail)


def _make_unique(trimmed: Sequence[str]) -> tuple[tuple[str, ...], list[Notice]]:
    """Number empty and repeated names; the first column of a name keeps it."""
    unique_names = UniqueNames(trimmed)
    names: list[str] = []
    notices: list[Notice] = []
    assigned: set[str] = set()
    for position, name in enumerate(trimmed, start=1):
        if not name:
            unique = unique_names.reserve(f"column_{position}")
            detail = f"column {position} has no name in the file: it is named {unique!r}"
            notices.append(Notice("unnamed_column", detail, unique))
        elif name in assigned:
            unique = unique_names.reserve(name)
            detail = f"column {position} has the name of an earlier column: it is named {unique!r}"
            notices.append(Notice("repeated_column", detail, unique))
        else:
            unique = name
        assigned.add(unique)
        names.append(unique)
    return tuple(names), _limit(notices)


class UniqueNames:
    """Generates unused names by appending a number."""

    def __init__(self, used: Sequence[str]) -> None:
        self._used = set(used)
        self._next: dict[str, int] = {}

    def reserve(self, name: str) -> str:
        """Return the name if it is unused, otherwise with the first free number; mark it used."""
        number = self._next.get(name, 2)
        unique = name
        while unique in self._used:
            unique = f"{name}_{number}"
            number += 1
        # Otherwise each of 10,000 columns of one name would count from 2 again.
        self._next[name] = number
        self._used.add(unique)
        return unique


def _limit(notices: list[Notice]) -> list[Notice]:
    if len(notices) <= SHOWN_NOTICES:
        return notices
    omitted = len(notices) - SHOWN_NOTICES
    detail = f"{omitted} more columns with an empty or repeated name were renamed"
    more = Notice("names_changed", detail)
    return [*notices[:SHOWN_NOTICES], more]
