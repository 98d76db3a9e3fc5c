"""Job notifier: publishes at once, retries, and never blocks the caller."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from fastapi.testclient import TestClient

from service.runtime import job_notifier as module
from service.runtime.job_notifier import JobNotifier
from store.broker import Broker
from store.db.database import Database
from store.errors import StoreUnavailableError
from store.jobs.jobs import get_job
from store.settings import Settings
from tests.schema import make_schema
from tests.service.conftest import Upload
from tests.waiting import wait_for

AWAY = StoreUnavailableError("broker: away")


class FakeDoorbell(Broker):
    """A bell that counts; broken while it raises something, silent while `answers` is unset."""

    def __init__(self) -> None:
        super().__init__("memory://")
        self.rung = self.failures = 0
        self.broken: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def publish(self, times: int = 1) -> None:
        self.answers.wait(60)
        if self.broken is not None:
            self.failures += 1
            raise self.broken
        self.rung += times


@pytest.fixture
def bell() -> FakeDoorbell:
    return FakeDoorbell()


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    make_schema(settings.database_url)
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def job_id(client: TestClient, upload: Upload) -> str:
    body = {"dataset_id": upload()["id"], "target": "kind"}
    return str(client.post("/v1/jobs", json=body).json()["id"])


def dispatched_at(database: Database, job_id: str) -> datetime | None:
    with database.reading() as session:
        return get_job(session, job_id).dispatched_at


@contextmanager
def running_notifier(database: Database, bell: Broker) -> Iterator[JobNotifier]:
    notifier = JobNotifier(database, bell, retry_seconds=0.02)
    notifier.start()
    yield notifier
    notifier.stop()


def test_ring_at_once_takes_no_transaction(
    database: Database, bell: FakeDoorbell, job_id: str
) -> None:
    with running_notifier(database, bell) as notifier:
        notifier.notify(job_id)
    assert bell.rung == 1
    assert dispatched_at(database, job_id) is None


def test_ring_that_failed_is_tried_until_it_comes_and_then_noted(
    database: Database, bell: FakeDoorbell, job_id: str
) -> None:
    bell.broken = AWAY
    with running_notifier(database, bell) as notifier:
        notifier.notify(job_id)
        wait_for(lambda: bell.failures >= 3)
        bell.broken = None
        wait_for(lambda: bell.rung == 1)
    assert dispatched_at(database, job_id) is not None


def test_error_that_nobody_foresaw_does_not_end_the_ringing(
    database: Database, bell: FakeDoorbell
) -> None:
    bell.broken = RuntimeError("a bug")
    with running_notifier(database, bell) as notifier:
        notifier.notify("job_1")
        wait_for(lambda: bell.failures >= 1)
        bell.broken = None
        wait_for(lambda: bell.rung == 1)


def test_silent_broker_keeps_nobody_waiting(database: Database, bell: FakeDoorbell) -> None:
    bell.answers.clear()
    with running_notifier(database, bell) as notifier:
        for number in range(250):
            notifier.notify(f"job_{number}")
        assert bell.rung == 0
        bell.answers.set()
        wait_for(lambda: bell.rung == 250)


def test_memory_of_what_waits_is_bounded(
    database: Database, bell: FakeDoorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    bell.broken = AWAY
    with running_notifier(database, bell) as notifier:
        for number in range(50):
            notifier.notify(f"job_{number}")
        wait_for(lambda: bell.failures >= 2)
        bell.broken = None
        wait_for(lambda: bell.rung == 10)
    assert bell.rung == 10


def test_what_waits_is_rung_for_at_the_end(database: Database, bell: FakeDoorbell) -> None:
    bell.answers.clear()
    with running_notifier(database, bell) as notifier:
        notifier.notify("job_1")
        notifier.notify("job_2")
        bell.answers.set()
    assert bell.rung == 2
