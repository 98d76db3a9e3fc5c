"""Prepared matrices: created once, read from the cache by the next job on the same data."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError
from engine.stored import versions
from engine.stored.versions import SPEC_VERSION, Upgrade
from store.blobs.matrices import MANIFEST
from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.models import get_model
from store.prepared import loader
from store.settings import Settings
from store.statuses import JobStatus, StatusReason
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.tables import Values, add_dataset
from workers.slices import run_slice

ROWS, FEATURES = 12_000, 12
Train = Callable[..., JobRecord]


@pytest.fixture
def columns() -> dict[str, Values]:
    """Return columns larger than the minimum size of a cache entry."""
    random = np.random.default_rng(0)
    drawn: dict[str, Values] = {f"x{n}": random.standard_normal(ROWS) for n in range(FEATURES)}
    y = np.sum([drawn[f"x{n}"] for n in range(3)], axis=0)
    weights = 1.0 + np.arange(ROWS) % 3
    return drawn | {"y": y, "w": weights, "label": ["ab"[int(value > 0)] for value in y]}


@pytest.fixture
def large(
    database: Database, settings: Settings, tmp_path: Path, columns: dict[str, Values]
) -> DatasetRecord:
    return add_dataset(database, settings, tmp_path, columns)


@pytest.fixture
def train(settings: Settings, post: Post, find: Find, large: DatasetRecord) -> Train:
    """Train a job on the large dataset, optionally with other settings."""

    def train(here: Settings = settings, **spec: Any) -> JobRecord:
        asked = {"target": "y", "epochs": 1, "batch_size": 512, **spec}
        asked.setdefault("features", [f"x{n}" for n in range(FEATURES)])
        posted = post(on=large, **asked)
        train_waiting_jobs(here)
        return find(posted.id)

    return train


def entries(settings: Settings) -> list[Path]:
    return list((settings.data_dir / "cache" / "prepared").glob("entries/*"))


def test_tiny_data_are_not_cached_on_disk(settings: Settings, post: Post, find: Find) -> None:
    posted = post()
    train_waiting_jobs(settings)
    assert find(posted.id).status is JobStatus.SUCCEEDED
    assert entries(settings) == []


def test_next_job_on_the_same_data_reads_the_cache(
    settings: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train()
    assert len(entries(settings)) == 1
    monkeypatch.setattr(loader, "Preparation", None)
    again = train(network={"layers": []}, seed=0, optimizer="sgd")
    assert (first.status, again.status) == (JobStatus.SUCCEEDED, JobStatus.SUCCEEDED)
    assert len(entries(settings)) == 1


def test_other_rows_or_columns_are_prepared_anew(settings: Settings, train: Train) -> None:
    others: list[dict[str, Any]] = [{}, {"seed": 1}, {"dtype": "float64"}]
    for count, other in enumerate(others, start=1):
        train(**other)
        assert len(entries(settings)) == count


@pytest.mark.parametrize("batch_size", [100, "full"])
@pytest.mark.parametrize("target", ["y", "label"])
def test_rows_read_from_files_give_bit_identical_results(
    settings: Settings,
    database: Database,
    train: Train,
    batch_size: object,
    target: str,
) -> None:
    spec: dict[str, Any] = {"batch_size": batch_size, "epochs": 2, "target": target}
    if target == "label":
        spec |= {"validation": {"folds": 2}, "sample_weight": "w", "metrics": "all"}
    in_memory = train(**spec)
    from_files = train(settings.model_copy(update={"max_resident_data_bytes": 0}), **spec)
    assert in_memory.status is JobStatus.SUCCEEDED
    assert from_files.latest_metrics == in_memory.latest_metrics
    assert from_files.cross_validation == in_memory.cross_validation
    assert from_files.findings == in_memory.findings
    assert from_files.rows == in_memory.rows
    assert in_memory.rows is not None
    assert len(in_memory.rows["folds"]) == (2 if target == "label" else 0)
    with database.reading() as session:
        one, other = (get_model(session, str(job.model_id)) for job in (in_memory, from_files))
    assert one.artifact == other.artifact


def test_network_that_does_not_fit_the_cached_data_is_invalid_data(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    train()

    def refuse(*_: object) -> None:
        message = "the training rows make 12 inputs, which do not fit the network"
        raise DataError(message)

    monkeypatch.setattr(loader, "require_inputs", refuse)
    job = train()
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INVALID_DATA)


def test_rows_of_another_dataset_are_used_for_validation(
    settings: Settings,
    database: Database,
    tmp_path: Path,
    train: Train,
    columns: dict[str, Values],
) -> None:
    few = {name: values[:50] for name, values in columns.items()}
    other = add_dataset(database, settings, tmp_path, few)
    job = train(validation={"dataset_id": other.id})
    assert job.validation_dataset_id == other.id
    assert job.latest_metrics is not None
    assert "validation_rmse" in job.latest_metrics
    lacking = add_dataset(database, settings, tmp_path, {"y": few["y"]})
    job = train(validation={"dataset_id": lacking.id})
    assert job.status_reason is StatusReason.INVALID_DATA


def test_with_a_full_disk_data_are_prepared_in_memory(
    settings: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(loader, "MatrixWriter", refuse)
    assert train().status is JobStatus.SUCCEEDED
    assert entries(settings) == []


def test_job_that_needs_space_on_a_full_disk_waits_for_it(
    settings: Settings, post: Post, find: Find, large: DatasetRecord
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    job = post(on=large, target="y", epochs=1, batch_size=512)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "MatrixWriter", refuse)
        context = open_worker_context(settings.model_copy(update={"max_resident_data_bytes": 0}))
        run_slice(context)
        context.database.close()
    left = find(job.id)
    assert (left.status, left.lease_expires_at) == (JobStatus.RUNNING, None)
    train_waiting_jobs(settings)
    assert find(job.id).status is JobStatus.SUCCEEDED


def test_data_that_cannot_be_prepared_leave_no_cache_entry(
    settings: Settings, train: Train
) -> None:
    job = train(class_weight={"c": 2.0}, target="label")
    assert job.status_reason is StatusReason.INVALID_DATA
    assert entries(settings) == []


def test_entry_of_another_version_is_not_read(
    settings: Settings, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    train()
    (entry,) = entries(settings)
    (manifest,) = entry.rglob(MANIFEST)
    manifest.write_text("stored by a version with other notes")
    monkeypatch.setitem(versions.UPGRADES, SPEC_VERSION, Upgrade())
    monkeypatch.setattr(versions, "SPEC_VERSION", SPEC_VERSION + 1)
    monkeypatch.setattr(loader, "SPEC_VERSION", SPEC_VERSION + 1)
    assert train().status is JobStatus.SUCCEEDED
    assert len(entries(settings)) == 2
