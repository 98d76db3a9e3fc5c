"""A job's data are the same bits in every process that opens them, and cannot be changed there."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.numerics.version import NUMERICS
from engine.resolution.resolve import resolve
from engine.specs import FoldsValidation, TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, train
from engine.training.training import Training
from store.blobs.artifacts import hash_artifact
from store.blobs.tensors import pack_arrays
from store.datasets.column_file import table_schema
from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.new_training import NewTraining, add_training
from store.models import get_model
from store.prepared import loader
from store.prepared.open import open_job_data
from store.settings import Settings, load_settings
from store.statuses import TRAINING
from tests.schema import make_schema
from tests.store.prepared.resources import Resources
from tests.training import train_waiting_jobs
from tests.workers.tables import Values, add_dataset

SPAWN = multiprocessing.get_context("spawn")
SMALL, LARGE = 300, 12_000
FEATURES = [f"x{n}" for n in range(12)]
Post = Callable[..., JobRecord]


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    settings = load_settings(data_dir=tmp_path)
    make_schema(settings.database_url)
    resources = Resources(settings)
    yield resources
    resources.database.close()


@pytest.fixture
def post(resources: Resources, tmp_path: Path) -> Post:
    """Queue a job on a new dataset of this many rows."""

    def post(rows: int, start_from: str | None = None, **spec: Any) -> JobRecord:
        dataset = add_dataset(resources.database, resources.settings, tmp_path, columns(rows))
        return add(resources.database, dataset, start_from, spec)

    return post


def columns(rows: int) -> dict[str, Values]:
    random = np.random.default_rng(rows)
    drawn: dict[str, Values] = {name: random.standard_normal(rows) for name in FEATURES}
    return drawn | {"y": random.standard_normal(rows)}


def add(
    database: Database, dataset: DatasetRecord, start_from: str | None, spec: dict[str, Any]
) -> JobRecord:
    asked = TrainingSpec.model_validate({"target": "y", "epochs": 2, "batch_size": 100, **spec})
    resolved = resolve(asked, table_schema(dataset)).spec.model_dump(mode="json")
    source = None if start_from is None else {"model_id": start_from}
    with database.writing() as session:
        return add_training(session, NewTraining(dataset.id, "job", {}, resolved, source))


def find_model_id(database: Database, job: JobRecord) -> str:
    with database.reading() as session:
        return str(get_job(session, job.id, TRAINING).model_id)


def arrays_of(resources: Resources, job: JobRecord) -> dict[str, np.ndarray[Any, Any]]:
    prepared = vars(open_job_data(resources, job).loader.prepare())
    return {name: rows for name, rows in prepared.items() if isinstance(rows, np.ndarray)}


def bytes_of(settings: Settings, job: JobRecord) -> dict[str, bytes]:
    """Return the prepared arrays' bytes; runs in a process of its own."""
    resources = Resources(settings)
    try:
        return {name: rows.tobytes() for name, rows in arrays_of(resources, job).items()}
    finally:
        resources.database.close()


def entries(settings: Settings) -> int:
    return len(list((settings.data_dir / "cache" / "prepared").glob("entries/*")))


@pytest.mark.parametrize(
    "spec", [{}, {"validation": {"folds": 2}}, {"start_from": True}], ids=["new", "folds", "warm"]
)
@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_training_on_the_opened_data_gives_the_workers_weights(
    resources: Resources, post: Post, rows: int, spec: dict[str, Any]
) -> None:
    if "start_from" in spec:
        first = post(rows)
        train_waiting_jobs(resources.settings)
        spec = {"start_from": find_model_id(resources.database, first)}
    job = post(rows, **spec)
    data = open_job_data(resources, job)
    training: TrainingProtocol
    if isinstance(data.spec.validation, FoldsValidation):
        training = FoldedTraining(data.spec, data.loader.prepare, data.weights)
    else:
        training = Training(data.spec, data.loader.prepare(), data.weights)
    assert len(list(train(training))) == data.spec.epochs
    train_waiting_jobs(resources.settings)
    with resources.database.reading() as session:
        model = get_model(session, find_model_id(resources.database, job))
    assert hash_artifact(pack_arrays(training.weights())) == model.artifact


@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_arrays_are_read_only(resources: Resources, post: Post, rows: int) -> None:
    job = post(rows)
    for _ in range(2):  # prepared, then from a cache
        found = arrays_of(resources, job)
        assert {"x", "y", "x_validation", "y_validation"} <= found.keys()
        for array in found.values():
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_small_data_are_prepared_once_per_process(resources: Resources, post: Post) -> None:
    job = post(SMALL)
    assert arrays_of(resources, job)["x"] is arrays_of(resources, job)["x"]


def test_processes_share_the_cache(
    resources: Resources, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = post(LARGE)
    with ProcessPoolExecutor(1, SPAWN) as other:
        theirs = other.submit(bytes_of, resources.settings, job).result()
    assert entries(resources.settings) == 1
    monkeypatch.setattr(loader, "Preparation", None)
    assert bytes_of(resources.settings, job) == theirs
    assert entries(resources.settings) == 1


@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_data_prepared_in_another_environment_are_not_used(
    resources: Resources, post: Post, rows: int
) -> None:
    job = post(rows)
    before = arrays_of(resources, job)["x"]
    resources.environment = resources.environment | {"numerics": NUMERICS + 1}
    assert arrays_of(resources, job)["x"] is not before
    assert entries(resources.settings) == (2 if rows == LARGE else 0)
