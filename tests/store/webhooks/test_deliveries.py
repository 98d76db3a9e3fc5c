"""The outbox: written with what it tells of, claimed once, tried again, given up, forgotten."""

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
    note_attempt,
)
from store.webhooks.webhooks import WebhookRecord, delete_webhook, disable_webhook, get_webhook
from tests.store.conftest import somebody_waits
from tests.store.webhooks.test_webhooks import Post, add, types_told
from tests.waiting import wait_for

TAKEN = CallResult(0.1, 200)
REFUSED = CallResult(0.1, 500, "unexpected_status")
GONE = CallResult(0.1, 410, "unexpected_status")
DAY = 86_400.0


def tell(database: Database, job: JobRecord, type_: str = "failed", **data: object) -> None:
    with database.writing() as session:
        add_event(session, job.id, type_, data)


def try_out(database: Database, webhook: WebhookRecord, times: int = 1) -> None:
    with database.writing() as session:
        for _ in range(times):
            add_test_delivery(session, webhook.id)


def claim(
    database: Database,
    limit: int = 100,
    lease_seconds: float = 60,
    per_webhook: int = 100,
    under_way: tuple[str, ...] = (),
) -> tuple[ClaimedDelivery, ...]:
    with database.writing() as session:
        return claim_due_deliveries(session, limit, lease_seconds, per_webhook, under_way)


def note(
    database: Database,
    claimed: ClaimedDelivery,
    call: CallResult,
    delay: float = 60,
    give_up: float = DAY,
) -> str | None:
    with database.writing() as session:
        return note_attempt(session, claimed, call, delay, give_up)


def log(database: Database, webhook: WebhookRecord) -> tuple[DeliveryRecord, ...]:
    with database.reading() as session:
        return list_deliveries(session, webhook.id, PageRequest(order="asc")).items


def test_event_is_told_with_the_job_as_it_is_then(database: Database, post: Post) -> None:
    webhook = add(database)
    job = post(name="ü", external_id="e-1")
    with database.writing() as session:
        cancel_job(session, job.id)
    [claimed] = claim(database)
    told = json.loads(claimed.payload)
    with database.reading() as session:
        logged = session.execute(select(events).order_by(events.c.id.desc()).limit(1)).one()
    assert told["type"] == "job.cancelled"
    assert told["timestamp"] == logged.at.isoformat(timespec="milliseconds")[:-6] + "Z"
    assert told["data"] == {
        "job_id": job.id,
        "external_id": "e-1",
        "name": "ü",
        "status": "cancelled",
        "event_id": logged.id,
        **logged.data,
    }
    assert (claimed.url, claimed.secret) == (webhook.url, webhook.secret)


def test_only_events_that_were_asked_for_are_told(database: Database, post: Post) -> None:
    by_default, chosen = add(database), add(database, ["improved", "failed"])
    job = post()
    for type_ in ("epoch", "improved", "pausing", *sorted(DEFAULT_EVENT_TYPES)):
        tell(database, job, type_)
    assert types_told(database, by_default) == [
        f"job.{type_}" for type_ in sorted(DEFAULT_EVENT_TYPES)
    ]
    assert types_told(database, chosen) == ["job.improved", "job.failed"]


def test_other_jobs_other_owners_and_disabled_webhooks_are_not_told(
    database: Database, post: Post
) -> None:
    job = post()
    others = [add(database, job_id=post().id), add(database, owner="somebody"), add(database)]
    with database.writing() as session:
        disable_webhook(session, others[-1].id)
    mine = add(database, job_id=job.id)
    tell(database, job)
    assert [types_told(database, other) for other in others] == [[], [], []]
    assert types_told(database, mine) == ["job.failed"]


def test_delivery_is_rolled_back_with_what_it_tells_of(database: Database, post: Post) -> None:
    webhook, job = add(database), post()
    with suppress(RuntimeError), database.writing() as session:
        add_event(session, job.id, "failed", {})
        raise RuntimeError
    assert log(database, webhook) == ()


def test_without_webhooks_an_event_is_one_statement(database: Database, post: Post) -> None:
    job = post()
    statements: list[str] = []

    def note_statement(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note_statement)
    for type_ in sorted(EVENT_TYPES):
        tell(database, job, type_)
    inserts = [text for text in statements if not text.startswith("BEGIN")]
    assert len(inserts) == len(EVENT_TYPES)


def test_event_does_not_fail_with_a_webhook_that_is_deleted_meanwhile(
    database: Database, post: Post
) -> None:
    webhook, job = add(database), post()
    with ThreadPoolExecutor(1) as worker:
        with database.writing() as session:
            delete_webhook(session, webhook.id)
            telling = worker.submit(tell, database, job)
            wait_for(lambda: somebody_waits(database))
        telling.result()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(deliveries)) == 0


def test_due_delivery_is_claimed_once(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook)
    with database.reading() as session:
        assert has_due_deliveries(session)
    [claimed] = claim(database)
    assert claimed.number == 1
    assert claim(database) == ()
    with database.reading() as session:
        assert not has_due_deliveries(session)


def test_two_claims_at_once_share_what_is_due(database: Database) -> None:
    try_out(database, add(database), times=20)
    with ThreadPoolExecutor(4) as claimers:
        shares = list(claimers.map(lambda _: claim(database, limit=3), range(8)))
    claimed = [delivery.id for share in shares for delivery in share]
    assert len(claimed) == len(set(claimed))
    # A claim that meets another one may leave with less than there is: the next one has it.
    while more := claim(database):
        claimed += [delivery.id for delivery in more]
    assert len(set(claimed)) == len(claimed) == 20


def test_slow_receiver_keeps_no_other_waiting(database: Database) -> None:
    slow, other = add(database), add(database)
    try_out(database, slow, times=5)
    try_out(database, other)
    first = claim(database, per_webhook=2)
    assert [delivery.webhook_id for delivery in first] == [slow.id, slow.id, other.id]
    assert claim(database, per_webhook=2, under_way=(slow.id, slow.id)) == ()
    assert len(claim(database, per_webhook=2, under_way=(slow.id,))) == 1


def test_claim_that_ran_out_is_made_again_under_the_same_id(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook)
    [lost] = claim(database, lease_seconds=0)
    [again] = claim(database)
    assert again == replace(lost, number=2)
    # The one that was thought lost comes back: its failure decides nothing, its success counts.
    assert note(database, lost, REFUSED, delay=0) == "pending"
    assert claim(database) == ()
    assert note(database, again, TAKEN) == "delivered"
    [delivery] = log(database, webhook)
    assert [attempt.error for attempt in delivery.attempts] == ["unexpected_status", None]


def test_failed_attempt_is_made_again_later(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook)
    [claimed] = claim(database)
    assert note(database, claimed, REFUSED, delay=60) == "pending"
    [delivery] = log(database, webhook)
    waiting = (delivery.next_attempt_at - delivery.attempts[0].at).total_seconds()
    assert 59 < waiting < 62
    assert (delivery.attempts[0].response_status, delivery.finished_at) == (500, None)


def test_delivery_is_given_up_after_a_day_and_tried_at_its_end(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook)
    [claimed] = claim(database)
    assert note(database, claimed, REFUSED, delay=DAY * 7) == "pending"
    [delivery] = log(database, webhook)
    assert (delivery.next_attempt_at - delivery.created_at).total_seconds() == DAY
    with database.writing() as session:
        session.execute(update(deliveries).values(next_attempt_at=delivery.created_at))
    [claimed] = claim(database)
    assert note(database, claimed, REFUSED, give_up=0) == "failed"
    [delivery] = log(database, webhook)
    assert delivery.status == "failed"
    assert delivery.finished_at
    assert claim(database) == ()


def test_receiver_that_is_gone_is_told_no_more(database: Database, post: Post) -> None:
    webhook, other = add(database), add(database)
    try_out(database, webhook, times=2)
    try_out(database, other)
    claimed = claim(database, limit=1)[0]
    assert note(database, claimed, GONE) == "failed"
    assert [delivery.status for delivery in log(database, webhook)] == ["failed", "failed"]
    assert [delivery.status for delivery in log(database, other)] == ["pending"]
    with database.reading() as session:
        assert not get_webhook(session, webhook.id).enabled
    tell(database, post())
    assert len(log(database, webhook)) == 2


def test_note_of_a_deleted_delivery_is_quiet(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook)
    [claimed] = claim(database)
    with database.writing() as session:
        delete_webhook(session, webhook.id)
    assert note(database, claimed, TAKEN) is None


def test_only_old_and_finished_deliveries_are_forgotten(database: Database) -> None:
    webhook = add(database)
    try_out(database, webhook, times=2)
    note(database, claim(database, limit=1)[0], TAKEN)
    with database.writing() as session:
        assert delete_finished_deliveries(session, after_seconds=60) == 0
    with database.writing() as session:
        assert delete_finished_deliveries(session, after_seconds=-60) == 1
    assert [delivery.status for delivery in log(database, webhook)] == ["pending"]
