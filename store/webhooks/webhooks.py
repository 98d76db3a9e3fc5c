"""Webhooks: subscriptions of URLs to events of one job, or of all jobs of an owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.ids import new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import deliveries, jobs, webhooks
from store.errors import LimitReachedError, NotFoundError
from store.webhooks.deliveries import add_past_deliveries

# Each of them adds one row per subscribed event of every job of the owner.
MAX_GLOBAL_WEBHOOKS = 100


@dataclass(frozen=True)
class WebhookRecord:
    """A row of the table `webhooks`; the secret is not part of the repr."""

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
    """Subscribe a URL to events (None: the default ones) of one job or of all the owner's jobs.

    A webhook of one job also receives the job's earlier events. Raises LimitReachedError.
    """
    if job_id is None:
        _check_count(session, owner)
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
        add_past_deliveries(session, record.id, job_id)
    return record


def _check_count(session: Session, owner: str) -> None:
    conditions = (webhooks.c.job_id.is_(None), webhooks.c.owner == owner)
    query = select(func.count()).select_from(webhooks).where(*conditions)
    found = session.execute(query).scalar_one()
    if found >= MAX_GLOBAL_WEBHOOKS:
        raise LimitReachedError("webhooks for all jobs", MAX_GLOBAL_WEBHOOKS, found)


def get_webhook(session: Session, webhook_id: str, owner: str = "") -> WebhookRecord:
    """Return the webhook. Raises NotFoundError."""
    query = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("webhook", webhook_id)
    return _record(row)


def list_webhooks(
    session: Session, request: PageRequest, job_id: str | None = None, owner: str = ""
) -> Page[WebhookRecord]:
    """Return one page of webhooks, including those of single jobs, by default newest first."""
    query = select(webhooks).where(webhooks.c.owner == owner)
    if job_id is not None:
        query = query.where(webhooks.c.job_id == job_id)
    return fetch_page(session, query, webhooks.c.id, request).map(_record)


def delete_webhook(session: Session, webhook_id: str, owner: str = "") -> None:
    """Delete the webhook and all its deliveries, also pending ones. Raises NotFoundError.

    Safe against a concurrent event: writers of deliveries lock the webhook's row, so either their
    deliveries are deleted as well, or the webhook is deleted before they are written.
    """
    deleted = session.execute(
        delete(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.owner == owner)
        .returning(webhooks.c.id)
    )
    if deleted.one_or_none() is None:
        raise NotFoundError("webhook", webhook_id)


def delete_ended_webhooks(session: Session, after_seconds: float) -> int:
    """Delete webhooks of jobs that ended `after_seconds` ago or earlier; return the number.

    Those with a delivery stay: deliveries are deleted first.
    """
    ended = select(jobs.c.id).where(
        jobs.c.id == webhooks.c.job_id, jobs.c.finished_at < shifted(-after_seconds)
    )
    called = select(deliveries.c.id).where(deliveries.c.webhook_id == webhooks.c.id)
    old = delete(webhooks).where(webhooks.c.job_id.is_not(None), ended.exists(), ~called.exists())
    return len(session.execute(old.returning(webhooks.c.id)).all())


def disable_webhook(session: Session, webhook_id: str) -> None:
    """Stop new deliveries for the webhook; a deleted webhook is ignored."""
    session.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(enabled=False))
