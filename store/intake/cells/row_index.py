"""The notice of a row index that is not a column of the table."""

from collections.abc import Sequence

from engine.findings import name_columns
from store.datasets.columns import Notice


def index_dropped(names: Sequence[str] = ()) -> Notice:
    """Return the notice of an index of pandas that was dropped; `names` are its columns' names."""
    shown = f" ({name_columns(names)})" if names else ""
    stated = f"; state kind={names[0]}:numeric to keep it" if names else ""
    detail = f"the row index of pandas{shown} was dropped: it is not a column of the table{stated}"
    return Notice("index_dropped", detail)
