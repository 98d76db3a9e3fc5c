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
from store.statuses import TRAINING
from tests.schema import make_schema
from tests.service.conftest import Upload
from tests.waiting import wait_for

AWAY = StoreUnavailableError("broker: away")


class FakeBroker(Broker):
    """Counts publications; raises `broken` if set, and blocks until `answers` is set."""

    def __init__(self) -> None:
        super().__init__("memory://")
        self.published = self.failures = 0
        self.broken: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def publish(self, times: int = 1) -> None:
        self.answers.wait(60)
        if self.broken is not None:
            self.failures += 1
            raise self.broken
        self.published += times


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


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
        return get_job(session, job_id, TRAINING).dispatched_at


@contextmanager
def running_notifier(database: Database, broker: Broker) -> Iterator[JobNotifier]:
    notifier = JobNotifier(database, broker, retry_seconds=0.02)
    notifier.start()
    yield notifier
    notifier.stop()


def test_immediate_publication_is_not_recorded(
    database: Database, broker: FakeBroker, job_id: str
) -> None:
    with running_notifier(database, broker) as notifier:
        notifier.notify(job_id)
    assert broker.published == 1
    assert dispatched_at(database, job_id) is None


def test_failed_publication_is_retried_and_recorded(
    database: Database, broker: FakeBroker, job_id: str
) -> None:
    broker.broken = AWAY
    with running_notifier(database, broker) as notifier:
        notifier.notify(job_id)
        wait_for(lambda: broker.failures >= 3)
        broker.broken = None
        wait_for(lambda: broker.published == 1)
    assert dispatched_at(database, job_id) is not None


def test_unexpected_error_does_not_stop_the_notifier(
    database: Database, broker: FakeBroker
) -> None:
    broker.broken = RuntimeError("a bug")
    with running_notifier(database, broker) as notifier:
        notifier.notify("job_1")
        wait_for(lambda: broker.failures >= 1)
        broker.broken = None
        wait_for(lambda: broker.published == 1)


def test_unresponsive_broker_does_not_block_callers(database: Database, broker: FakeBroker) -> None:
    broker.answers.clear()
    with running_notifier(database, broker) as notifier:
        for number in range(250):
            notifier.notify(f"job_{number}")
        assert broker.published == 0
        broker.answers.set()
        wait_for(lambda: broker.published == 250)


def test_number_of_waiting_jobs_is_bounded(
    database: Database, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    broker.broken = AWAY
    with running_notifier(database, broker) as notifier:
        for number in range(50):
            notifier.notify(f"job_{number}")
        wait_for(lambda: broker.failures >= 2)
        broker.broken = None
        wait_for(lambda: broker.published == 10)
    assert broker.published == 10


def test_waiting_jobs_are_published_at_stop(database: Database, broker: FakeBroker) -> None:
    broker.answers.clear()
    with running_notifier(database, broker) as notifier:
        notifier.notify("job_1")
        notifier.notify("job_2")
        broker.answers.set()
    assert broker.published == 2
