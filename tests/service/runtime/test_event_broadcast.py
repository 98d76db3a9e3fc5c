"""Event broadcast: one database reader for all listeners, a short buffer, no queue per listener."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.sse import KEEPALIVE_COMMENT
from sqlalchemy.orm import Session

from service.context import Context
from service.jobs import events
from service.runtime import event_broadcast
from service.runtime.compute_pool import ComputePool
from service.runtime.event_broadcast import KEPT_BYTES, KEPT_EVENTS, EventBroadcaster, Subscription
from service.runtime.file_readers import FileReaders
from service.runtime.model_cache import ModelCache
from service.runtime.polling import Polls
from store.blobs.blobs import open_blobs
from store.datasets.datasets import Contents, publish_dataset, receive_dataset
from store.db.database import Database
from store.errors import StoreUnavailableError
from store.jobs.commands import cancel_job
from store.jobs.events import EventLog, add_event, list_events, read_new_events
from store.jobs.training.new_training import NewTraining, add_training
from store.settings import load_settings
from store.statuses import TRAINING
from tests.schema import make_schema


class FlakyDatabase(Database):
    """A database that can become unavailable."""

    is_away = False

    @contextmanager
    def reading(self) -> Iterator[Session]:
        if self.is_away:
            raise StoreUnavailableError("the database is away")
        with super().reading() as session:
            yield session


@pytest.fixture
def database(tmp_path: Path) -> Iterator[FlakyDatabase]:
    url = f"sqlite:///{tmp_path / 'feeds.sqlite3'}"
    make_schema(url)
    database = FlakyDatabase(url)
    yield database
    database.close()


@pytest.fixture
def context(database: FlakyDatabase, tmp_path: Path) -> Context:
    settings = load_settings(data_dir=tmp_path)
    blobs, served = open_blobs(settings), ModelCache(database, settings.model_cache_bytes)
    fed = EventBroadcaster(database)
    polls, compute = Polls(database, fed), ComputePool(settings)
    readers = FileReaders(settings)
    return Context(settings, database, blobs, None, None, served, fed, polls, compute, readers)


@pytest.fixture
def job_id(database: FlakyDatabase) -> str:
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
        publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, ()))
        return add_training(session, NewTraining(dataset_id, "job", {}, {"epochs": 2})).id


def append(context: Context, job_id: str, count: int) -> None:
    with context.database.writing() as session:
        for _ in range(count):
            add_event(session, job_id, "epoch", {})


def last_id(context: Context, job_id: str) -> int:
    with context.database.reading() as session:
        return list_events(session, job_id, TRAINING, None, 1, "desc").items[0].id


def cancel(context: Context, job_id: str) -> None:
    with context.database.writing() as session:
        cancel_job(session, job_id, TRAINING)


def run(context: Context, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` while the broadcaster's task runs."""

    async def beside() -> None:
        context.feeds.start()
        async with asyncio.timeout(30):
            await work
        await context.feeds.stop()

    asyncio.run(beside())


def listen(context: Context, job_id: str, after: int = 0) -> AsyncIterator[bytes]:
    stream = events.open_stream(context, job_id, after)
    assert stream is not None
    return stream


def ids(text: bytes) -> list[int]:
    return [int(line[4:]) for line in text.split(b"\n") if line.startswith(b"id: ")]


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the number of jobs in each query of the database."""
    asked: list[int] = []

    def counted(session: Session, cursors: Mapping[str, int], limit: int) -> dict[str, EventLog]:
        asked.append(len(cursors))
        return read_new_events(session, cursors, limit)

    monkeypatch.setattr(event_broadcast, "read_new_events", counted)
    return asked


def news(*event_ids: int, is_complete: bool = False) -> event_broadcast.NewEvents:
    encoded = tuple(event_broadcast.EncodedEvent(event_id, b"") for event_id in event_ids)
    return event_broadcast.NewEvents(encoded, more=False, is_complete=is_complete)


def test_subscription_returns_later_events_or_none_beyond_its_buffer() -> None:
    feed = Subscription(10)
    assert feed.since(9) is None
    feed.extend(news(*range(11, 11 + KEPT_EVENTS)))
    assert [event.id for event in feed.since(KEPT_EVENTS + 8) or ()] == [
        KEPT_EVENTS + 9,
        KEPT_EVENTS + 10,
    ]
    feed.extend(news(100 + KEPT_EVENTS))
    assert feed.since(10) is None
    assert len(feed.since(11) or ()) == KEPT_EVENTS


def test_subscription_keeps_few_bytes() -> None:
    feed = Subscription(0)

    def extend(event_id: int, size: int) -> None:
        event = event_broadcast.EncodedEvent(event_id, b"x" * size)
        feed.extend(event_broadcast.NewEvents((event,), more=False, is_complete=event_id == 9))

    half = KEPT_BYTES // 2
    for event_id in (1, 2, 3):
        extend(event_id, half)
    assert feed.since(0) is None
    assert [event.id for event in feed.since(1) or ()] == [2, 3]
    # Listeners read an event that is too long by itself from the database.
    extend(9, KEPT_BYTES + 1)
    assert feed.since(3) is None
    assert feed.since(9) == ()
    assert feed.is_complete(9)
    extend(10, half)
    assert [event.id for event in feed.since(9) or ()] == [10]


def test_listener_gets_events_that_are_too_long_to_be_kept(context: Context, job_id: str) -> None:
    text = "x" * (KEPT_BYTES + 1)

    async def work() -> None:
        received: list[int] = []
        async for piece in listen(context, job_id):
            received += ids(piece)
            if len(received) == 1:
                with context.database.writing() as session:
                    for _ in range(3):
                        add_event(session, job_id, "finding", {"text": text})
                cancel(context, job_id)
        assert len(received) == 5
        assert received == sorted(set(received))

    run(context, work())


def test_subscription_of_an_ended_job_is_complete_after_its_last_event() -> None:
    feed = Subscription(1)
    feed.extend(news(2, 3, is_complete=True))
    # A later event belongs to a retry that the subscription has not received yet.
    assert [feed.is_complete(after) for after in (2, 3, 4)] == [False, True, False]
    feed.extend(news(4))
    assert not feed.is_complete(4)


def test_listener_gets_past_and_new_events_until_the_job_ends(
    context: Context, job_id: str
) -> None:
    async def work() -> None:
        stream = listen(context, job_id)
        assert b"event: created\n" in await anext(stream)
        append(context, job_id, 1)
        assert b"event: epoch\n" in await anext(stream)
        cancel(context, job_id)
        rest = [text async for text in stream]
        assert len(rest) == 1
        assert b"event: cancelled\n" in rest[0]

    run(context, work())


def test_slow_listener_gets_every_event_without_a_queue(context: Context, job_id: str) -> None:
    async def work() -> None:
        slow, quick = listen(context, job_id), listen(context, job_id)
        found = ids(await anext(slow))
        await anext(quick)
        append(context, job_id, 1)
        found += ids(await anext(slow))
        for _ in range(10):
            append(context, job_id, 50)
            seen: list[int] = []
            while len(seen) < 50:
                seen += ids(await anext(quick))
        cancel(context, job_id)
        async for text in slow:
            assert len(ids(text)) <= events.EVENTS_AT_ONCE
            found += ids(text)
        assert found == list(range(1, 504))

    run(context, work())


def test_listeners_share_one_reader(
    context: Context, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_looks(monkeypatch)

    async def work() -> None:
        streams = [listen(context, job_id) for _ in range(50)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        waiting = asyncio.gather(*(anext(stream) for stream in streams))
        await asyncio.sleep(0)
        append(context, job_id, 1)
        assert len(set(await waiting)) == 1

    run(context, work())
    # Each query asks for one job, however many listeners it has.
    assert set(asked) == {1}


def test_database_is_not_polled_without_listeners(
    context: Context, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_looks(monkeypatch)
    monkeypatch.setattr(event_broadcast, "POLL_SECONDS", 0.001)

    async def work() -> None:
        await context.feeds.wait(job_id, last_id(context, job_id), 0.05)
        before = len(asked)
        await asyncio.sleep(0.05)
        assert len(asked) <= before + 1

    run(context, work())
    assert asked


def test_listener_waits_while_the_database_is_unavailable(
    context: Context,
    database: FlakyDatabase,
    job_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(event_broadcast, "AWAY_SECONDS", 0.01)

    async def work() -> None:
        stream = listen(context, job_id)
        await anext(stream)
        database.is_away = True
        waiting = asyncio.ensure_future(anext(stream))
        while "listeners wait for the database" not in caplog.text:
            await asyncio.sleep(0.01)
        database.is_away = False
        append(context, job_id, 1)
        assert ids(await waiting) == [2]

    run(context, work())


def test_paging_listener_waits_while_the_database_is_unavailable(
    context: Context, database: FlakyDatabase, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "AWAY_SECONDS", 0.01)
    append(context, job_id, 150)
    cancel(context, job_id)

    async def work() -> None:
        stream = listen(context, job_id)
        found = ids(await anext(stream))
        database.is_away = True
        assert [await anext(stream), await anext(stream)] == [KEEPALIVE_COMMENT] * 2
        database.is_away = False
        async for text in stream:
            found += ids(text)
        assert found == list(range(1, 153))

    run(context, work())


def test_a_quiet_stream_is_kept_alive(
    context: Context, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_SECONDS", 0.01)

    async def work() -> None:
        stream = listen(context, job_id)
        await anext(stream)
        assert await anext(stream) == KEEPALIVE_COMMENT
        assert await anext(stream) == KEEPALIVE_COMMENT

    run(context, work())


def test_close_ends_listeners_and_waits(context: Context, job_id: str) -> None:
    async def work() -> None:
        stream = listen(context, job_id)
        await anext(stream)
        rest = asyncio.ensure_future(_all(stream))
        wait = asyncio.ensure_future(context.feeds.wait(job_id, last_id(context, job_id), 60))
        await asyncio.sleep(0.01)
        context.feeds.close()
        await asyncio.gather(rest, wait)
        await context.feeds.wait(job_id, last_id(context, job_id), 60)
        assert [text async for text in listen(context, job_id)] == []

    run(context, work())


async def _all(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [text async for text in stream]
