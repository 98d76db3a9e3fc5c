"""Processing of the outbox: claim due deliveries, call the webhook, record the result.

Several processes may do so concurrently. Deliveries are sent at least once: if a process dies
between call and record, the delivery is due again under the same id when its claim expires.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, exists, insert, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import deliveries, delivery_attempts, webhooks
from store.webhooks.deliveries import AttemptError, DeliveryStatus
from store.webhooks.webhooks import disable_webhook

# Due deliveries considered per claim, so that one webhook's backlog does not hide the others.
CANDIDATES = 64
GONE = 410


@dataclass(frozen=True)
class ClaimedDelivery:
    """A claimed delivery; `number` is the number of the attempt, from 1."""

    id: str
    webhook_id: str
    url: str
    payload: str
    number: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class CallResult:
    """Result of a call; error is None for a successful one."""

    seconds: float
    response_status: int | None = None
    error: AttemptError | None = None


_IS_DUE = and_(deliveries.c.status == "pending", deliveries.c.next_attempt_at <= now())


def has_due_deliveries(session: Session) -> bool:
    """Return whether deliveries are due, without locking any rows."""
    return bool(session.execute(select(exists().where(_IS_DUE))).scalar_one())


def claim_due_deliveries(
    session: Session,
    limit: int,
    lease_seconds: float,
    per_webhook: int,
    in_progress: Sequence[str] = (),
) -> tuple[ClaimedDelivery, ...]:
    """Claim due deliveries, oldest first, exclusively for `lease_seconds`.

    Safe against concurrent claims: the rows are locked and other claims skip them. A slow receiver
    does not delay the others: the number of concurrent calls per webhook is limited.

    Args:
        session: session of the claim's transaction.
        limit: maximum number of deliveries.
        lease_seconds: duration of the claim; longer than a call can take.
        per_webhook: maximum concurrent calls per webhook.
        in_progress: webhook ids of the caller's unfinished calls, one per call.
    """
    calls = Counter(in_progress)
    busy = [webhook_id for webhook_id, count in calls.items() if count >= per_webhook]
    due = session.execute(
        select(deliveries.c.id, deliveries.c.webhook_id)
        .where(_IS_DUE, deliveries.c.webhook_id.not_in(busy))
        .order_by(deliveries.c.next_attempt_at)
        .limit(CANDIDATES)
        .with_for_update(skip_locked=True)
    ).all()
    chosen: list[str] = []
    for delivery_id, webhook_id in due:
        if len(chosen) < limit and calls[webhook_id] < per_webhook:
            calls[webhook_id] += 1
            chosen.append(delivery_id)
    return _claim(session, chosen, lease_seconds) if chosen else ()


def _claim(
    session: Session, ids: Sequence[str], lease_seconds: float
) -> tuple[ClaimedDelivery, ...]:
    """Claim locked rows, and return them with the URL and secret of the webhook."""
    session.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(attempts=deliveries.c.attempts + 1, next_attempt_at=shifted(lease_seconds))
    )
    rows = session.execute(
        select(
            deliveries.c.id,
            deliveries.c.webhook_id,
            webhooks.c.url,
            webhooks.c.secret,
            deliveries.c.payload,
            deliveries.c.attempts.label("number"),
        )
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    ).mappings()
    return tuple(ClaimedDelivery(**row) for row in rows)


def record_attempt(
    session: Session,
    claimed: ClaimedDelivery,
    call: CallResult,
    delay_seconds: float,
    give_up_seconds: float,
) -> DeliveryStatus | None:
    """Record the result of a call; return the new status, or None if the delivery is deleted.

    A failed call is retried after the delay, until the delivery is `give_up_seconds` old.
    Safe if the claim has expired and another process has claimed the delivery since: a successful
    call counts anyway, a failed one no longer changes the delivery.
    """
    is_gone = call.response_status == GONE
    if is_gone:
        # First, to keep the lock order of deleting a webhook.
        disable_webhook(session, claimed.webhook_id)
    row = session.execute(
        select(deliveries.c.status, deliveries.c.attempts, deliveries.c.created_at, now())
        .where(deliveries.c.id == claimed.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    status, attempts, created_at, time = row
    _add_attempt(session, claimed, call)
    give_up_at = created_at + timedelta(seconds=give_up_seconds)
    if call.error is None:
        return _end(session, deliveries.c.id == claimed.id, "delivered")
    if is_gone:
        is_pending = deliveries.c.status == "pending"
        return _end(
            session, and_(deliveries.c.webhook_id == claimed.webhook_id, is_pending), "failed"
        )
    if status != "pending" or attempts != claimed.number:
        return cast("DeliveryStatus", status)
    if time >= give_up_at:
        return _end(session, deliveries.c.id == claimed.id, "failed")
    retry_at = min(time + timedelta(seconds=delay_seconds), give_up_at)
    session.execute(
        update(deliveries).where(deliveries.c.id == claimed.id).values(next_attempt_at=retry_at)
    )
    return "pending"


def _add_attempt(session: Session, claimed: ClaimedDelivery, call: CallResult) -> None:
    session.execute(
        insert(delivery_attempts).values(
            delivery_id=claimed.id,
            number=claimed.number,
            at=shifted(-call.seconds),
            seconds=call.seconds,
            response_status=call.response_status,
            error=call.error,
        )
    )


def _end(session: Session, where: ColumnElement[bool], status: DeliveryStatus) -> DeliveryStatus:
    session.execute(update(deliveries).where(where).values(status=status, finished_at=now()))
    return status
