"""A column file that takes longer to store than the age of an abandoned dataset."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from store.blobs.blobs import BlobStore, open_blobs
from store.datasets import keep_alive
from store.datasets.deletion import (
    delete_dataset_row,
    list_abandoned_datasets,
    mark_dataset_deleted,
)
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import datasets
from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, problem
from tests.waiting import wait_for
from workers.sweep.sweeper import ABANDONED_AFTER_SECONDS


@pytest.fixture
def database(client: TestClient, settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


def list_abandoned(database: Database) -> tuple[str, ...]:
    with database.reading() as session:
        return list_abandoned_datasets(session, ABANDONED_AFTER_SECONDS)


def store_slowly(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Simulate a blob store that takes hours, and run an action meanwhile."""
    put_blob = BlobStore.put_blob

    def put_slowly(blobs: BlobStore, key: str, source: Path) -> None:
        meanwhile()
        put_blob(blobs, key, source)

    monkeypatch.setattr(BlobStore, "put_blob", put_slowly)


def pass_hours(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(datasets).values(created_at=shifted(-2 * ABANDONED_AFTER_SECONDS)))


def test_dataset_is_not_abandoned_while_its_blob_is_stored(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_alive, "INTERVAL_SECONDS", 0.01)

    def meanwhile() -> None:
        pass_hours(database)
        wait_for(lambda: not list_abandoned(database))

    store_slowly(monkeypatch, meanwhile)
    answer = client.post("/v1/datasets", content=IRIS_LIKE, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201
    rows = client.get(f"/v1/datasets/{answer.json()['id']}/rows")
    assert (rows.status_code, answer.json()["rows"]) == (200, 60)


def test_blob_of_a_dataset_swept_meanwhile_is_deleted(
    client: TestClient, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile() -> None:
        pass_hours(database)
        for dataset_id in list_abandoned(database):
            with database.writing() as session:
                assert mark_dataset_deleted(session, dataset_id)
                delete_dataset_row(session, dataset_id)

    store_slowly(monkeypatch, meanwhile)
    answer = client.post("/v1/datasets", content=IRIS_LIKE, headers={"Content-Type": "text/csv"})
    problem(answer, 404)
    assert open_blobs(settings).list_blobs("datasets") == []
