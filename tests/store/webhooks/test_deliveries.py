"""The outbox: written with the event, claimed once, retried, failed, deleted."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import event, func, select, update

from store.db.database import Database
from store.db.pagination import PageRequest
from store.db.tables import deliveries, events
from store.jobs.commands import cancel_job
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord
from store.statuses import TRAINING
from store.webhooks.deliveries import (
    DEFAULT_EVENT_TYPES,
    EVENT_TYPES,
    DeliveryRecord,
    add_test_delivery,
    delete_finished_deliveries,
    list_deliveries,
)
from store.webhooks.outbox import (
    CallResult,
    ClaimedDelivery,
    claim_due_deliveries,
    has_due_deliveries,
    record_attempt,
)
from store.webhooks.webhooks import WebhookRecord, delete_webhook, disable_webhook, get_webhook
from tests.store.conftest import transaction_waits
from tests.store.webhooks.test_webhooks import Post, add, delivered_types
from tests.waiting import wait_for

SUCCEEDED = CallResult(0.1, 200)
FAILED = CallResult(0.1, 500, "unexpected_status")
GONE = CallResult(0.1, 410, "unexpected_status")
DAY = 86_400.0


def record_event(database: Database, job: JobRecord, type_: str = "failed", **data: object) -> None:
    with database.writing() as session:
        add_event(session, job.id, type_, data)


def add_test_deliveries(database: Database, webhook: WebhookRecord, times: int = 1) -> None:
    with database.writing() as session:
        for _ in range(times):
            add_test_delivery(session, webhook.id)


def claim(
    database: Database,
    limit: int = 100,
    lease_seconds: float = 60,
    per_webhook: int = 100,
    in_progress: tuple[str, ...] = (),
) -> tuple[ClaimedDelivery, ...]:
    with database.writing() as session:
        return claim_due_deliveries(session, limit, lease_seconds, per_webhook, in_progress)


def record(
    database: Database,
    claimed: ClaimedDelivery,
    call: CallResult,
    delay: float = 60,
    give_up: float = DAY,
) -> str | None:
    with database.writing() as session:
        return record_attempt(session, claimed, call, delay, give_up)


def log(database: Database, webhook: WebhookRecord) -> tuple[DeliveryRecord, ...]:
    with database.reading() as session:
        return list_deliveries(session, webhook.id, PageRequest(order="asc")).items


def test_payload_has_the_event_and_the_job_at_that_time(database: Database, post: Post) -> None:
    webhook = add(database)
    job = post(name="ü", external_id="e-1")
    with database.writing() as session:
        cancel_job(session, job.id, TRAINING)
    [claimed] = claim(database)
    payload = json.loads(claimed.payload)
    with database.reading() as session:
        logged = session.execute(select(events).order_by(events.c.id.desc()).limit(1)).one()
    assert payload["type"] == "job.cancelled"
    assert payload["timestamp"] == logged.at.isoformat(timespec="milliseconds")[:-6] + "Z"
    assert payload["data"] == {
        "job_id": job.id,
        "external_id": "e-1",
        "name": "ü",
        "status": "cancelled",
        "event_id": logged.id,
        **logged.data,
    }
    assert (claimed.url, claimed.secret) == (webhook.url, webhook.secret)


def test_only_subscribed_events_are_delivered(database: Database, post: Post) -> None:
    by_default, chosen = add(database), add(database, ["improved", "failed"])
    job = post()
    for type_ in ("epoch", "improved", "pausing", *sorted(DEFAULT_EVENT_TYPES)):
        record_event(database, job, type_)
    assert delivered_types(database, by_default) == [
        f"job.{type_}" for type_ in sorted(DEFAULT_EVENT_TYPES)
    ]
    assert delivered_types(database, chosen) == ["job.improved", "job.failed"]


def test_webhooks_of_other_jobs_or_owners_and_disabled_ones_receive_nothing(
    database: Database, post: Post
) -> None:
    job = post()
    others = [add(database, job_id=post().id), add(database, owner="other"), add(database)]
    with database.writing() as session:
        disable_webhook(session, others[-1].id)
    mine = add(database, job_id=job.id)
    record_event(database, job)
    assert [delivered_types(database, other) for other in others] == [[], [], []]
    assert delivered_types(database, mine) == ["job.failed"]


def test_delivery_is_rolled_back_with_its_event(database: Database, post: Post) -> None:
    webhook, job = add(database), post()
    with suppress(RuntimeError), database.writing() as session:
        add_event(session, job.id, "failed", {})
        raise RuntimeError
    assert log(database, webhook) == ()


def test_without_webhooks_an_event_is_one_statement(database: Database, post: Post) -> None:
    job = post()
    statements: list[str] = []

    def record_statement(_c: object, _cursor: object, statement: str, *_arguments: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", record_statement)
    for type_ in sorted(EVENT_TYPES):
        record_event(database, job, type_)
    inserts = [text for text in statements if not text.startswith("BEGIN")]
    assert len(inserts) == len(EVENT_TYPES)


def test_event_does_not_fail_if_a_webhook_is_deleted_concurrently(
    database: Database, post: Post
) -> None:
    webhook, job = add(database), post()
    with ThreadPoolExecutor(1) as worker:
        with database.writing() as session:
            delete_webhook(session, webhook.id)
            recording = worker.submit(record_event, database, job)
            wait_for(lambda: transaction_waits(database))
        recording.result()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(deliveries)) == 0


def test_due_delivery_is_claimed_once(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook)
    with database.reading() as session:
        assert has_due_deliveries(session)
    [claimed] = claim(database)
    assert claimed.number == 1
    assert claim(database) == ()
    with database.reading() as session:
        assert not has_due_deliveries(session)


def test_concurrent_claims_share_the_due_deliveries(database: Database) -> None:
    add_test_deliveries(database, add(database), times=20)
    with ThreadPoolExecutor(4) as claimers:
        shares = list(claimers.map(lambda _: claim(database, limit=3), range(8)))
    claimed = [delivery.id for share in shares for delivery in share]
    assert len(claimed) == len(set(claimed))
    # A claim that meets a concurrent one may get fewer deliveries: the next claim gets them.
    while more := claim(database):
        claimed += [delivery.id for delivery in more]
    assert len(set(claimed)) == len(claimed) == 20


def test_slow_receiver_does_not_delay_the_others(database: Database) -> None:
    slow, other = add(database), add(database)
    add_test_deliveries(database, slow, times=5)
    add_test_deliveries(database, other)
    first = claim(database, per_webhook=2)
    assert [delivery.webhook_id for delivery in first] == [slow.id, slow.id, other.id]
    assert claim(database, per_webhook=2, in_progress=(slow.id, slow.id)) == ()
    assert len(claim(database, per_webhook=2, in_progress=(slow.id,))) == 1


def test_expired_claim_is_repeated_under_the_same_id(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook)
    [lost] = claim(database, lease_seconds=0)
    [again] = claim(database)
    assert again == replace(lost, number=2)
    # The lost process continues: its failure is ignored, only its success would count.
    assert record(database, lost, FAILED, delay=0) == "pending"
    assert claim(database) == ()
    assert record(database, again, SUCCEEDED) == "delivered"
    [delivery] = log(database, webhook)
    assert [attempt.error for attempt in delivery.attempts] == ["unexpected_status", None]


def test_failed_attempt_is_retried_later(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook)
    [claimed] = claim(database)
    assert record(database, claimed, FAILED, delay=60) == "pending"
    [delivery] = log(database, webhook)
    waiting = (delivery.next_attempt_at - delivery.attempts[0].at).total_seconds()
    assert 59 < waiting < 62
    assert (delivery.attempts[0].response_status, delivery.finished_at) == (500, None)


def test_delivery_fails_after_a_day_with_a_last_attempt_at_its_end(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook)
    [claimed] = claim(database)
    assert record(database, claimed, FAILED, delay=DAY * 7) == "pending"
    [delivery] = log(database, webhook)
    assert (delivery.next_attempt_at - delivery.created_at).total_seconds() == DAY
    with database.writing() as session:
        session.execute(update(deliveries).values(next_attempt_at=delivery.created_at))
    [claimed] = claim(database)
    assert record(database, claimed, FAILED, give_up=0) == "failed"
    [delivery] = log(database, webhook)
    assert delivery.status == "failed"
    assert delivery.finished_at
    assert claim(database) == ()


def test_receiver_that_is_gone_gets_no_more_deliveries(database: Database, post: Post) -> None:
    webhook, other = add(database), add(database)
    add_test_deliveries(database, webhook, times=2)
    add_test_deliveries(database, other)
    claimed = claim(database, limit=1)[0]
    assert record(database, claimed, GONE) == "failed"
    assert [delivery.status for delivery in log(database, webhook)] == ["failed", "failed"]
    assert [delivery.status for delivery in log(database, other)] == ["pending"]
    with database.reading() as session:
        assert not get_webhook(session, webhook.id).enabled
    record_event(database, post())
    assert len(log(database, webhook)) == 2


def test_attempt_of_a_deleted_delivery_is_ignored(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook)
    [claimed] = claim(database)
    with database.writing() as session:
        delete_webhook(session, webhook.id)
    assert record(database, claimed, SUCCEEDED) is None


def test_only_old_finished_deliveries_are_deleted(database: Database) -> None:
    webhook = add(database)
    add_test_deliveries(database, webhook, times=2)
    record(database, claim(database, limit=1)[0], SUCCEEDED)
    with database.writing() as session:
        assert delete_finished_deliveries(session, after_seconds=60) == 0
    with database.writing() as session:
        assert delete_finished_deliveries(session, after_seconds=-60) == 1
    assert [delivery.status for delivery in log(database, webhook)] == ["pending"]
