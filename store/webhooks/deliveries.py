"""The outbox: webhook deliveries, written in the same transaction as the event.

`store.webhooks.outbox` processes it.
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
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.ids import lowest_id, new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import deliveries, delivery_attempts, events, jobs, webhooks
from store.errors import LimitReachedError
from store.statuses import noun_of

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

# Test events per webhook whose deliveries are kept: finished ones are deleted after seven days.
MAX_TESTS = 1_000
# Events sent to a webhook that does not specify any.
DEFAULT_EVENT_TYPES = frozenset({"paused", "stalled", "cancelled", "failed", "succeeded"})
# All events a webhook can subscribe to; epochs are available only from the event stream.
EVENT_TYPES = DEFAULT_EVENT_TYPES | {
    "created",
    "claimed",
    "improved",
    "checkpoint",
    "resumed",
    "retried",
    "rescued",
    "inexact",
    "finding",
    "restored",
    "diverged",
}


@dataclass(frozen=True)
class Event:
    """An event of a job, as written to its log."""

    id: int
    job_id: str
    at: datetime
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class AttemptRecord:
    """A delivery attempt: its result and duration."""

    number: int
    at: datetime
    seconds: float
    response_status: int | None
    error: AttemptError | None


@dataclass(frozen=True)
class DeliveryRecord:
    """Delivery of one event to one webhook, with the attempts so far."""

    id: str
    webhook_id: str
    job_id: str | None
    type: str
    status: DeliveryStatus
    next_attempt_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: tuple[AttemptRecord, ...] = ()


def _is_for_job_or_all() -> ColumnElement[bool]:
    return or_(webhooks.c.job_id == bindparam("event_job_id"), webhooks.c.job_id.is_(None))


# For the RETURNING of the statement that writes an event: without webhooks, the outbox costs no
# extra round trip. False positives are possible; `add_deliveries` checks the subscriptions.
has_subscribers = (
    exists(select(webhooks.c.id).where(webhooks.c.enabled, _is_for_job_or_all()))
).label("has_subscribers")

# The webhooks' rows are locked until the commit: the foreign key of a webhook that is deleted
# concurrently would make the job's own transaction fail.
_SUBSCRIBERS: Select[Any] = (
    select(
        webhooks.c.id,
        webhooks.c.events,
        jobs.c.kind,
        jobs.c.name,
        jobs.c.external_id,
        jobs.c.status,
    )
    .join(jobs, jobs.c.id == bindparam("event_job_id"))
    .where(
        webhooks.c.enabled,
        or_(
            webhooks.c.job_id == bindparam("event_job_id"),
            # The concatenation keeps SQLite from scanning the owner's index, with job webhooks.
            and_(webhooks.c.job_id.is_(None), webhooks.c.owner.concat("") == jobs.c.owner),
        ),
    )
    .with_for_update(read=True, key_share=True, of=webhooks)
)
_ADD = insert(deliveries).values(
    status="pending", attempts=0, created_at=now(), next_attempt_at=now()
)
_COLUMNS = [column for column in deliveries.c if column.name not in {"payload", "attempts"}]


def add_deliveries(session: Session, event: Event) -> None:
    """Add deliveries of the event for all webhooks subscribed to it."""
    rows = session.execute(_SUBSCRIBERS, {"event_job_id": event.job_id}).all()
    _add(session, event, [row for row in rows if event.type in (row.events or DEFAULT_EVENT_TYPES)])


def add_past_deliveries(session: Session, webhook_id: str, job_id: str) -> None:
    """Add deliveries of the job's earlier events for a new webhook."""
    subscribers = session.execute(_SUBSCRIBERS, {"event_job_id": job_id}).all()
    [subscriber] = [row for row in subscribers if row.id == webhook_id]
    types = subscriber.events or DEFAULT_EVENT_TYPES
    log = session.execute(select(events).where(events.c.job_id == job_id).order_by(events.c.id))
    for row in log:
        if row.type in types:
            _add(session, Event(row.id, job_id, row.at, row.type, row.data), [subscriber])


def add_test_delivery(session: Session, webhook_id: str) -> DeliveryRecord:
    """Add a delivery of the test event `webhook.test`. Raises LimitReachedError.

    Concurrent tests may exceed the limit by their number.
    """
    of_tests = (deliveries.c.webhook_id == webhook_id, deliveries.c.job_id.is_(None))
    kept = session.execute(select(func.count()).select_from(deliveries).where(*of_tests))
    count = kept.scalar_one()
    if count >= MAX_TESTS:
        raise LimitReachedError("tests per webhook in seven days", MAX_TESTS, count)
    at = session.execute(select(now())).scalar_one()
    payload = _payload("webhook.test", at, {"webhook_id": webhook_id})
    row = _row(webhook_id, None, "webhook.test", payload)
    found = session.execute(_ADD.returning(*_COLUMNS), row).mappings().one()
    return DeliveryRecord(**found)


def _add(session: Session, event: Event, subscribers: Sequence[Any]) -> None:
    if not subscribers:
        return
    job = subscribers[0]
    data = {
        **event.data,
        "job_id": event.job_id,
        "external_id": job.external_id,
        "name": job.name,
        "status": job.status,
        "event_id": event.id,
    }
    type_ = f"{noun_of(job.kind)}.{event.type}"
    payload = _payload(type_, event.at, data)
    session.execute(_ADD, [_row(row.id, event.job_id, type_, payload) for row in subscribers])


def _row(webhook_id: str, job_id: str | None, type_: str, payload: str) -> dict[str, Any]:
    return {
        "id": new_id("dlv"),
        "webhook_id": webhook_id,
        "job_id": job_id,
        "type": type_,
        "payload": payload,
    }


def _payload(type_: str, at: datetime, data: dict[str, Any]) -> str:
    """Return the body of all attempts, as text: the signature covers its exact bytes."""
    timestamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": type_, "timestamp": timestamp, "data": data}, ensure_ascii=False)


def list_deliveries(
    session: Session, webhook_id: str, request: PageRequest
) -> Page[DeliveryRecord]:
    """Return one page of a webhook's deliveries with attempts, by default newest first."""
    query = select(*_COLUMNS).where(deliveries.c.webhook_id == webhook_id)
    page = fetch_page(session, query, deliveries.c.id, request)
    attempts = _attempts(session, page.items)
    return page.map(lambda row: DeliveryRecord(**row, attempts=tuple(attempts[row["id"]])))


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
    """Delete deliveries created and finished `after_seconds` ago or earlier; return the number."""
    limit = session.execute(select(now())).scalar_one() - timedelta(seconds=after_seconds)
    # By id, which sorts by creation time: no other index does.
    old = delete(deliveries).where(
        deliveries.c.id < lowest_id("dlv", limit), deliveries.c.finished_at < limit
    )
    return len(session.execute(old.returning(deliveries.c.id)).all())
