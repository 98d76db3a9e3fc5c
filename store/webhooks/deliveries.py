"""The outbox: what webhooks are to be told of, written in the transaction of what it tells of.

`store.webhooks.outbox` works it off.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.ids import lowest_id, new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import deliveries, delivery_attempts, events, jobs, webhooks

DeliveryStatus = Literal["pending", "delivered", "failed"]
AttemptError = Literal[
    "unresolved",
    "forbidden_address",
    "not_connected",
    "certificate",
    "timeout",
    "no_answer",
    "unexpected_status",
]

# What a webhook is told of when it does not say.
DEFAULT_EVENT_TYPES = frozenset({"paused", "stalled", "cancelled", "failed", "succeeded"})
# What it can ask for besides; epochs are left to those who listen to a job.
EVENT_TYPES = DEFAULT_EVENT_TYPES | {
    "created",
    "claimed",
    "improved",
    "checkpoint",
    "resumed",
    "retried",
    "rescued",
    "inexact",
    "diverged",
}


@dataclass(frozen=True)
class Event:
    """An event of a job that was just written to its log."""

    id: int
    job_id: str
    at: datetime
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class AttemptRecord:
    """One call, what came of it, and how long it took."""

    number: int
    at: datetime
    seconds: float
    response_status: int | None
    error: AttemptError | None


@dataclass(frozen=True)
class DeliveryRecord:
    """One event that one webhook is told of, with the attempts so far."""

    id: str
    webhook_id: str
    job_id: str | None
    type: str
    status: DeliveryStatus
    next_attempt_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: tuple[AttemptRecord, ...] = ()


def _of_job_or_of_all() -> ColumnElement[bool]:
    return or_(webhooks.c.job_id == bindparam("told_job_id"), webhooks.c.job_id.is_(None))


# For the RETURNING of the statement that writes an event: with no webhook, telling costs no round
# trip of its own. It may say yes too often; `add_deliveries` looks closer.
has_subscribers = (
    exists(select(webhooks.c.id).where(webhooks.c.enabled, _of_job_or_of_all()))
).label("has_subscribers")

# The webhooks' rows are held until the commit: one that is deleted meanwhile would take the job's
# own transaction along, by its foreign key.
_LISTENERS: Select[Any] = (
    select(webhooks.c.id, webhooks.c.events, jobs.c.name, jobs.c.external_id, jobs.c.status)
    .join(jobs, jobs.c.id == bindparam("told_job_id"))
    .where(
        webhooks.c.enabled,
        or_(
            webhooks.c.job_id == bindparam("told_job_id"),
            # Concatenated, or SQLite goes through all of the owner's, those of single jobs too.
            and_(webhooks.c.job_id.is_(None), webhooks.c.owner.concat("") == jobs.c.owner),
        ),
    )
    .with_for_update(read=True, key_share=True, of=webhooks)
)
_ADD = insert(deliveries).values(
    status="pending", attempts=0, created_at=now(), next_attempt_at=now()
)
_SHOWN = [column for column in deliveries.c if column.name not in {"payload", "attempts"}]


def add_deliveries(session: Session, event: Event) -> None:
    """Put an event into the outbox for every webhook that is to be told of it."""
    rows = session.execute(_LISTENERS, {"told_job_id": event.job_id}).all()
    _add(session, event, [row for row in rows if event.type in (row.events or DEFAULT_EVENT_TYPES)])


def add_deliveries_so_far(session: Session, webhook_id: str, job_id: str) -> None:
    """Put what the job's log holds already into the outbox of a webhook that was just added."""
    listeners = session.execute(_LISTENERS, {"told_job_id": job_id}).all()
    [listener] = [row for row in listeners if row.id == webhook_id]
    told = listener.events or DEFAULT_EVENT_TYPES
    log = session.execute(select(events).where(events.c.job_id == job_id).order_by(events.c.id))
    for row in log:
        if row.type in told:
            _add(session, Event(row.id, job_id, row.at, row.type, row.data), [listener])


def add_test_delivery(session: Session, webhook_id: str) -> DeliveryRecord:
    """Put an event into the outbox that tells of nothing."""
    at = session.execute(select(now())).scalar_one()
    payload = _payload("webhook.test", at, {"webhook_id": webhook_id})
    row = _row(webhook_id, None, "webhook.test", payload)
    found = session.execute(_ADD.returning(*_SHOWN), row).mappings().one()
    return DeliveryRecord(**found)


def _add(session: Session, event: Event, listeners: Sequence[Any]) -> None:
    if not listeners:
        return
    job = listeners[0]
    data = {
        **event.data,
        "job_id": event.job_id,
        "external_id": job.external_id,
        "name": job.name,
        "status": job.status,
        "event_id": event.id,
    }
    type_ = f"job.{event.type}"
    payload = _payload(type_, event.at, data)
    session.execute(_ADD, [_row(row.id, event.job_id, type_, payload) for row in listeners])


def _row(webhook_id: str, job_id: str | None, type_: str, payload: str) -> dict[str, Any]:
    return {
        "id": new_id("dlv"),
        "webhook_id": webhook_id,
        "job_id": job_id,
        "type": type_,
        "payload": payload,
    }


def _payload(type_: str, at: datetime, data: dict[str, Any]) -> str:
    """The body of every attempt: fixed here, because the signature is of its very bytes."""
    timestamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": type_, "timestamp": timestamp, "data": data}, ensure_ascii=False)


def list_deliveries(
    session: Session, webhook_id: str, request: PageRequest
) -> Page[DeliveryRecord]:
    """One page of a webhook's deliveries with their attempts, newest first unless asked."""
    query = select(*_SHOWN).where(deliveries.c.webhook_id == webhook_id)
    rows, more = fetch_page(session, query, deliveries.c.id, request)
    attempts = _attempts(session, rows)
    items = tuple(DeliveryRecord(**row, attempts=tuple(attempts[row["id"]])) for row in rows)
    return Page(items, items[-1].id if more else None)


def _attempts(session: Session, rows: Sequence[RowMapping]) -> dict[str, list[AttemptRecord]]:
    found: dict[str, list[AttemptRecord]] = {row["id"]: [] for row in rows}
    made = session.execute(
        select(delivery_attempts)
        .where(delivery_attempts.c.delivery_id.in_(found))
        .order_by(delivery_attempts.c.delivery_id, delivery_attempts.c.number)
    ).mappings()
    for row in made:
        values = dict(row)
        found[values.pop("delivery_id")].append(AttemptRecord(**values))
    return found


def delete_finished_deliveries(session: Session, after_seconds: float) -> int:
    """Erase deliveries that ended, and were written, so long ago; how many there were."""
    limit = session.execute(select(now())).scalar_one() - timedelta(seconds=after_seconds)
    # By the id, which tells the age and is the table's only index that does.
    old = delete(deliveries).where(
        deliveries.c.id < lowest_id("dlv", limit), deliveries.c.finished_at < limit
    )
    return len(session.execute(old.returning(deliveries.c.id)).all())
