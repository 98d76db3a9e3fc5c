"""Webhooks in the store: creation, lists, limits, and deletion with their deliveries."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, update

from store.db.clock import shifted
from store.db.database import Database
from store.db.pagination import PageRequest
from store.db.tables import deliveries, jobs
from store.errors import LimitReachedError, NotFoundError
from store.jobs.jobs import JobRecord
from store.webhooks.deliveries import add_test_delivery, list_deliveries
from store.webhooks.webhooks import (
    MAX_GLOBAL_WEBHOOKS,
    WebhookRecord,
    add_webhook,
    delete_ended_webhooks,
    delete_webhook,
    get_webhook,
    list_webhooks,
)

SECRET = "whsec_" + "A" * 32
Post = Callable[..., JobRecord]


def add(
    database: Database,
    events: list[str] | None = None,
    job_id: str | None = None,
    owner: str = "",
) -> WebhookRecord:
    with database.writing() as session:
        return add_webhook(session, owner, "http://h/", events, SECRET, job_id)


def delivered_types(database: Database, webhook: WebhookRecord) -> list[str]:
    with database.reading() as session:
        page = list_deliveries(session, webhook.id, PageRequest(order="asc"))
    return [delivery.type for delivery in page.items]


def test_webhook_reads_back_and_its_secret_is_not_shown(database: Database) -> None:
    webhook = add(database, ["failed", "failed"])
    with database.reading() as session:
        assert get_webhook(session, webhook.id) == webhook
    assert webhook.events == ("failed",)
    assert webhook.enabled
    assert SECRET not in repr(webhook)


def test_webhooks_of_a_job_are_found_by_it(database: Database, post: Post) -> None:
    add(database)
    mine = add(database, job_id=post().id)
    with database.reading() as session:
        assert list_webhooks(session, PageRequest(), mine.job_id).items == (mine,)
        assert len(list_webhooks(session, PageRequest()).items) == 2


def test_webhook_of_another_owner_is_unknown(database: Database) -> None:
    webhook = add(database, owner="other")
    with database.writing() as session:
        with pytest.raises(NotFoundError):
            get_webhook(session, webhook.id)
        with pytest.raises(NotFoundError):
            delete_webhook(session, webhook.id)
        assert list_webhooks(session, PageRequest()).items == ()


def test_deliveries_are_deleted_with_their_webhook(database: Database, post: Post) -> None:
    webhook = add(database, ["created"])
    post()
    assert delivered_types(database, webhook) == ["job.created"]
    with database.writing() as session:
        delete_webhook(session, webhook.id)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(deliveries)) == 0


def test_webhook_of_a_job_receives_earlier_events(database: Database, post: Post) -> None:
    job = post()
    subscribed, other = add(database, ["created"], job.id), add(database, None, job.id)
    assert delivered_types(database, subscribed) == ["job.created"]
    assert delivered_types(database, other) == []


def test_only_webhooks_for_all_jobs_are_limited(database: Database, post: Post) -> None:
    with database.writing() as session:
        for _ in range(MAX_GLOBAL_WEBHOOKS):
            add_webhook(session, "", "http://h/", None, SECRET)
    with pytest.raises(LimitReachedError):
        add(database)
    add(database, job_id=post().id)
    add(database, owner="other")


def test_webhooks_of_jobs_that_ended_long_ago_are_deleted(database: Database, post: Post) -> None:
    of_all = add(database)
    running, ended, calling = (add(database, job_id=post().id) for _ in range(3))
    with database.writing() as session:
        old = [ended.job_id, calling.job_id]
        session.execute(update(jobs).where(jobs.c.id.in_(old)).values(finished_at=shifted(-100)))
        session.execute(delete(deliveries))
        add_test_delivery(session, calling.id)
        assert delete_ended_webhooks(session, 200) == 0
        assert delete_ended_webhooks(session, 50) == 1
        kept = {webhook.id for webhook in list_webhooks(session, PageRequest()).items}
    assert kept == {of_all.id, running.id, calling.id}
