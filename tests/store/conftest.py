"""Fixtures: a dataset and jobs in a database, as created by the service."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from store.datasets.columns import ColumnRecord
from store.datasets.datasets import Contents, DatasetRecord, publish_dataset, receive_dataset
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.jobs.training.new_training import NewTraining, add_training

COLUMN = ColumnRecord("x", "numeric", 0, 3, False, 0.0, 2.0, 1.0, 0.8, ())


def transaction_waits(database: Database) -> bool:
    """Return whether a transaction waits for a lock; always True on SQLite, where BEGIN waits."""
    if database.engine.dialect.name == "sqlite":
        return True
    with database.reading() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


@pytest.fixture
def dataset(database: Database) -> DatasetRecord:
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
        return publish_dataset(
            session,
            dataset_id,
            Contents(3, 12, "a" * 64, (COLUMN,), blob_bytes=700, fingerprint="f" * 64),
        )


@pytest.fixture
def post(database: Database, dataset: DatasetRecord) -> Callable[..., JobRecord]:
    """Return a function that creates a queued job on the dataset."""

    def post(**values: Any) -> JobRecord:
        with database.writing() as session:
            return add_training(
                session,
                NewTraining(
                    **{
                        "dataset_id": dataset.id,
                        "name": "job",
                        "metadata": {},
                        "spec": {"epochs": 2},
                        **values,
                    }
                ),
            )

    return post
