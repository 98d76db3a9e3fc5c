"""Fixtures: settings of a service, a dataset in its store, and jobs on that dataset."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.resolution.resolve import resolve
from engine.specs import DatasetValidation, TrainingSpec
from store.datasets.column_file import table_schema
from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.new_training import NewTraining, add_training
from store.settings import Settings, load_settings
from store.statuses import TRAINING
from tests.schema import make_schema
from tests.workers.tables import Values, add_dataset

POINTS: dict[str, Values] = {
    "x": np.array([n % 11 + 0.25 for n in range(300)]),
    "z": np.array([float(n % 7) for n in range(300)]),
    "kind": ["abc"[(n % 11 + n % 7) % 3] for n in range(300)],
}

Post = Callable[..., JobRecord]
Find = Callable[[str], JobRecord]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, watch_seconds=0.02)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    make_schema(settings.database_url)
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def dataset(database: Database, settings: Settings, tmp_path: Path) -> DatasetRecord:
    return add_dataset(database, settings, tmp_path, POINTS)


@pytest.fixture
def post(database: Database, dataset: DatasetRecord) -> Post:
    """Queue a job, with the spec resolved as by the service."""

    def post(on: DatasetRecord = dataset, **spec: Any) -> JobRecord:
        asked = TrainingSpec.model_validate({"target": "kind", "epochs": 6, **spec})
        resolved = resolve(asked, table_schema(on)).spec
        validation = resolved.validation
        other = validation.dataset_id if isinstance(validation, DatasetValidation) else None
        new = NewTraining(
            on.id, "job", {}, resolved.model_dump(mode="json"), validation_dataset_id=other
        )
        with database.writing() as session:
            return add_training(session, new)

    return post


@pytest.fixture
def find(database: Database) -> Find:
    """Return the current record of a job."""

    def find(job_id: str) -> JobRecord:
        with database.reading() as session:
            return get_job(session, job_id, TRAINING)

    return find
