"""Working off the outbox: deliveries are claimed for a while, called, and what came of it noted.

Several processes do so at once. A delivery is sent at least once: one whose process dies between
the call and the note is due again when its claim has run out, under the same id.
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

# So many due deliveries are looked at for one that is claimed, to find those of other webhooks.
CANDIDATES = 64
GONE = 410


@dataclass(frozen=True)
class ClaimedDelivery:
    """A call to be made: the number counts the attempts."""

    id: str
    webhook_id: str
    url: str
    payload: str
    number: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class CallResult:
    """What came of a call; error is None for one that was taken."""

    seconds: float
    response_status: int | None = None
    error: AttemptError | None = None


_IS_DUE = and_(deliveries.c.status == "pending", deliveries.c.next_attempt_at <= now())


def has_due_deliveries(session: Session) -> bool:
    """Whether there is anything to claim; to read that locks nothing."""
    return bool(session.execute(select(exists().where(_IS_DUE))).scalar_one())


def claim_due_deliveries(
    session: Session,
    limit: int,
    lease_seconds: float,
    per_webhook: int,
    under_way: Sequence[str] = (),
) -> tuple[ClaimedDelivery, ...]:
    """Take deliveries that are due, oldest first; until the lease is over nobody else gets them.

    Survives any number of claims at once: the rows are locked and other claims skip them. A
    receiver that is slow keeps no other waiting: of one webhook only so many are taken.

    Args:
        session: of the claim.
        limit: how many at most.
        lease_seconds: longer than a call can take.
        per_webhook: calls at a time to one of them.
        under_way: the webhooks of the calls that the caller has not finished yet.
    """
    calls = Counter(under_way)
    full = [webhook_id for webhook_id, count in calls.items() if count >= per_webhook]
    due = session.execute(
        select(deliveries.c.id, deliveries.c.webhook_id)
        .where(_IS_DUE, deliveries.c.webhook_id.not_in(full))
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
    """Claim rows that are locked."""
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


def note_attempt(
    session: Session,
    claimed: ClaimedDelivery,
    call: CallResult,
    delay_seconds: float,
    give_up_seconds: float,
) -> DeliveryStatus | None:
    """Note what came of a call, and when there is another; None if the delivery is deleted.

    A call that failed is made again after the delay, until the delivery is `give_up_seconds` old.
    Survives a claim that has run out and another one that was made since: a call that was taken
    counts whoever made it, one that failed decides nothing any more.
    """
    is_gone = call.response_status == GONE
    if is_gone:
        # First, in the order in which deleting a webhook locks.
        disable_webhook(session, claimed.webhook_id)
    row = session.execute(
        select(deliveries.c.status, deliveries.c.attempts, deliveries.c.created_at, now())
        .where(deliveries.c.id == claimed.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    status, attempts, created_at, today = row
    _add_attempt(session, claimed, call)
    give_up_at = created_at + timedelta(seconds=give_up_seconds)
    if call.error is None:
        return _end(session, deliveries.c.id == claimed.id, "delivered")
    if is_gone:
        waiting = deliveries.c.status == "pending"
        return _end(session, and_(deliveries.c.webhook_id == claimed.webhook_id, waiting), "failed")
    if status != "pending" or attempts != claimed.number:
        return cast("DeliveryStatus", status)
    if today >= give_up_at:
        return _end(session, deliveries.c.id == claimed.id, "failed")
    again_at = min(today + timedelta(seconds=delay_seconds), give_up_at)
    session.execute(
        update(deliveries).where(deliveries.c.id == claimed.id).values(next_attempt_at=again_at)
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


def _end(session: Session, which: ColumnElement[bool], status: DeliveryStatus) -> DeliveryStatus:
    session.execute(update(deliveries).where(which).values(status=status, finished_at=now()))
    return status
