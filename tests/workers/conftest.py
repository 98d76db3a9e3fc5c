"""A service's settings, a dataset in its store, and jobs to train on it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.resolve import resolve
from engine.specs import TrainingSpec
from store.blobs import BlobStore
from store.columns import table_schema
from store.database import Database
from store.datasets import (
    Contents,
    DatasetRecord,
    blob_key,
    publish_dataset,
    receive_dataset,
)
from store.intake import read_csv
from store.jobs import JobRecord, NewJob, add_job, get_job
from store.schema import upgrade
from store.settings import Settings, load_settings

POINTS = "x,z,kind\n" + "\n".join(
    f"{n % 11}.25,{n % 7},{'abc'[(n % 11 + n % 7) % 3]}" for n in range(300)
)

Post = Callable[..., JobRecord]
Find = Callable[[str], JobRecord]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, watch_seconds=0.02)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def dataset(database: Database, settings: Settings, tmp_path: Path) -> DatasetRecord:
    source, columns = tmp_path / "points.csv", tmp_path / "points.arrow"
    source.write_text(POINTS)
    table = read_csv(source, columns, max_columns=10)
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
    BlobStore(settings.blob_url).put_blob(blob_key(dataset_id), columns)
    contents = Contents(table.rows, len(POINTS), "0" * 64, table.columns)
    with database.writing() as session:
        return publish_dataset(session, dataset_id, contents)


@pytest.fixture
def post(database: Database, dataset: DatasetRecord) -> Post:
    """Queue a job; the spec's defaults are filled in as the service does it."""

    def post(**spec: Any) -> JobRecord:
        asked = TrainingSpec.model_validate({"target": "kind", "epochs": 6, **spec})
        resolved = resolve(asked, table_schema(dataset)).spec.model_dump(mode="json")
        with database.writing() as session:
            return add_job(session, NewJob(dataset.id, "job", {}, resolved))

    return post


@pytest.fixture
def find(database: Database) -> Find:
    """The job as it is now."""

    def find(job_id: str) -> JobRecord:
        with database.reading() as session:
            return get_job(session, job_id)

    return find
