"""One contract for every database: a dataset that is being written is not taken for abandoned."""

import pytest
from sqlalchemy import select, update

from store.datasets import keep_alive
from store.datasets.datasets import DatasetRecord, receive_dataset, touch_dataset
from store.datasets.deletion import delete_dataset, list_abandoned_datasets
from store.datasets.keep_alive import kept_alive
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import datasets
from tests.waiting import wait_for


def pass_hours(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(datasets).values(created_at=shifted(-7200)))


def list_abandoned(database: Database) -> tuple[str, ...]:
    with database.reading() as session:
        return list_abandoned_datasets(session, 3600)


def test_dataset_is_abandoned_only_once_nobody_writes_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_alive, "INTERVAL_SECONDS", 0.01)
    with database.writing() as session:
        dataset_id = receive_dataset(session, "slow")
    with kept_alive(database, dataset_id):
        pass_hours(database)
        wait_for(lambda: not list_abandoned(database))
    pass_hours(database)
    assert list_abandoned(database) == (dataset_id,)


def test_dataset_is_kept_alive_through_an_outage(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_alive, "INTERVAL_SECONDS", 0.01)
    with database.writing() as session:
        dataset_id = receive_dataset(session, "slow")
    writing = database.writing
    tries: list[bool] = []

    def away() -> None:
        tries.append(True)
        raise RuntimeError("the database is away")

    database.writing = away  # type: ignore[method-assign, assignment]
    with kept_alive(database, dataset_id):
        wait_for(lambda: len(tries) > 1)
        database.writing = writing  # type: ignore[method-assign]
        pass_hours(database)
        wait_for(lambda: not list_abandoned(database))


def test_dataset_that_is_shown_or_deleted_keeps_its_time(
    database: Database, dataset: DatasetRecord
) -> None:
    def created_at() -> object:
        with database.reading() as session:
            return session.scalar(select(datasets.c.created_at))

    pass_hours(database)
    before = created_at()
    with database.writing() as session:
        touch_dataset(session, dataset.id)
    assert created_at() == before
    with database.writing() as session:
        delete_dataset(session, dataset.id)
        touch_dataset(session, dataset.id)
    assert created_at() == before
