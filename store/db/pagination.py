"""Cursor pagination over rows whose ids sort by creation time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select
from sqlalchemy.orm import Session

Item = TypeVar("Item")
Result = TypeVar("Result")
Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items of a page, and the cursor of the next page; None on the last page."""

    items: tuple[Item, ...]
    next: str | None

    def map(self, convert: Callable[[Item], Result]) -> "Page[Result]":
        """Return the page with each item converted."""
        return Page(tuple(convert(item) for item in self.items), self.next)


@dataclass(frozen=True)
class PageRequest:
    """Page size, cursor after which the page starts, and sort order by creation time."""

    limit: int = 50
    after: str | None = None
    order: Order = "desc"


def fetch_page(
    session: Session, query: Select[Any], key: ColumnElement[Any], request: PageRequest
) -> Page[RowMapping]:
    """Return the rows of one page; the cursor of the next one is the `key` of the last row."""
    if request.after is not None:
        query = query.where(key < request.after if request.order == "desc" else key > request.after)
    query = query.order_by(key.desc() if request.order == "desc" else key.asc())
    rows = session.execute(query.limit(request.limit + 1)).mappings().all()
    items = tuple(rows[: request.limit])
    return Page(items, items[-1][key] if len(rows) > request.limit else None)
