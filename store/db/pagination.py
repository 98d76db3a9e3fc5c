"""Cursor pagination over rows whose ids sort by creation time."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

Item = TypeVar("Item")
Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items of a page, and the cursor of the next page; None on the last page."""

    items: tuple[Item, ...]
    next: str | None


@dataclass(frozen=True)
class PageRequest:
    """Page size, cursor after which the page starts, and sort order by creation time."""

    limit: int = 50
    after: str | None = None
    order: Order = "desc"


def fetch_page(
    session: Session, query: Select[Any], key: ColumnElement[Any], request: PageRequest
) -> tuple[list[Any], bool]:
    """Return the rows of one page, and whether more rows follow."""
    if request.after is not None:
        query = query.where(key < request.after if request.order == "desc" else key > request.after)
    query = query.order_by(key.desc() if request.order == "desc" else key.asc())
    rows = list(session.execute(query.limit(request.limit + 1)).mappings())
    return rows[: request.limit], len(rows) > request.limit
