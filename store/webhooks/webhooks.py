"""Webhooks: who wants to be told of which events, of one job or of all jobs of an owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.ids import new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import webhooks
from store.errors import LimitReachedError, NotFoundError
from store.webhooks.deliveries import add_deliveries_so_far

# Each of them costs every job of the owner a row an event.
MAX_GLOBAL_WEBHOOKS = 100


@dataclass(frozen=True)
class WebhookRecord:
    """One row of webhooks, under the names of its columns; the secret is kept out of logs."""

    id: str
    owner: str
    job_id: str | None
    url: str
    events: tuple[str, ...] | None
    secret: str = field(repr=False)
    enabled: bool
    created_at: datetime


def _record(row: RowMapping) -> WebhookRecord:
    values = dict(row)
    events = values.pop("events")
    return WebhookRecord(**values, events=None if events is None else tuple(events))


def add_webhook(
    session: Session,
    owner: str,
    url: str,
    events: Sequence[str] | None,
    secret: str,
    job_id: str | None = None,
) -> WebhookRecord:
    """Tell the URL of these events (None: of the default ones), of one job or of all the owner's.

    Of one job it is told also of what happened before. Raises LimitReachedError.
    """
    if job_id is None and _count_global(session, owner) >= MAX_GLOBAL_WEBHOOKS:
        raise LimitReachedError("webhooks for all jobs", MAX_GLOBAL_WEBHOOKS)
    row = session.execute(
        insert(webhooks)
        .values(
            id=new_id("wh"),
            owner=owner,
            job_id=job_id,
            url=url,
            events=None if events is None else list(dict.fromkeys(events)),
            secret=secret,
            created_at=now(),
        )
        .returning(*webhooks.c)
    )
    record = _record(row.mappings().one())
    if job_id is not None:
        add_deliveries_so_far(session, record.id, job_id)
    return record


def _count_global(session: Session, owner: str) -> int:
    wanted = (webhooks.c.job_id.is_(None), webhooks.c.owner == owner)
    return session.execute(select(func.count()).select_from(webhooks).where(*wanted)).scalar_one()


def get_webhook(session: Session, webhook_id: str, owner: str = "") -> WebhookRecord:
    """The webhook. Raises NotFoundError."""
    query = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("webhook", webhook_id)
    return _record(row)


def list_webhooks(
    session: Session, request: PageRequest, job_id: str | None = None, owner: str = ""
) -> Page[WebhookRecord]:
    """One page of webhooks, those of jobs included, newest first unless asked otherwise."""
    query = select(webhooks).where(webhooks.c.owner == owner)
    if job_id is not None:
        query = query.where(webhooks.c.job_id == job_id)
    rows, more = fetch_page(session, query, webhooks.c.id, request)
    items = tuple(_record(row) for row in rows)
    return Page(items, items[-1].id if more else None)


def delete_webhook(session: Session, webhook_id: str, owner: str = "") -> None:
    """Forget the webhook and its deliveries, those that wait included. Raises NotFoundError.

    Survives an event in the same moment: whoever writes deliveries holds the webhook's row, so
    that they are there to be deleted, or the webhook is gone before they are written.
    """
    gone = session.execute(
        delete(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
        .returning(webhooks.c.id)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("webhook", webhook_id)


def disable_webhook(session: Session, webhook_id: str) -> None:
    """Write no more deliveries for the webhook; a webhook that is gone meanwhile is fine."""
    session.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(enabled=False))
