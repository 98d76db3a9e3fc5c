"""The stated memory of a job is the peak of the process that trains it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from engine.resolution.memory import MemoryEstimate
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from store.datasets.column_file import table_schema
from store.datasets.column_file_writer import MAX_BATCH_BYTES
from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.db.pagination import PageRequest
from store.jobs.jobs import JobFilter, list_jobs
from store.jobs.training.new_training import NewTraining, add_training
from store.settings import Settings, load_settings
from store.statuses import TRAINING, JobStatus
from tests.schema import make_schema
from tests.servers import ROOT
from tests.workers import tables
from workers.process.blas_threads import blas_environment

logger = logging.getLogger(__name__)

MIB = 2**20
# Above this peak, the estimate is within a share of it; below, within an absolute error.
LARGE, SHARE, SMALL_ERROR = 100 * MIB, 0.2, 20 * MIB


class Case(NamedTuple):
    """A job, and its table of random numbers."""

    rows: int
    columns: int
    spec: dict[str, Any]
    classes: int = 0
    settings: Mapping[str, Any] = MappingProxyType({})
    # Columns of categories of the table: the number of values of each.
    categories: tuple[int, ...] = ()
    # Steps after which another process resumes the job; None: one process.
    resumed_after: int | None = None


def dense(*units: int, **options: Any) -> dict[str, Any]:
    return {"layers": [{"type": "dense", "units": count, **options} for count in units]}


IMAGES = [
    {"type": "conv2d", "filters": 64, "padding": "same"},
    {"type": "conv2d", "filters": 64},
    {"type": "flatten"},
]
NORMALIZED = [{"type": "dense", "units": 512}, {"type": "batch_normalization"}]
WIDE = dense(2500, 2500)
SGD = {"type": "sgd", "learning_rate": 1e-6}
EMBEDDED = {
    "network": {
        "layers": [{"type": "embedding", "dimension": 1024}, {"type": "dense", "units": 32}]
    },
    "preprocessing": {"max_levels": 1000},
}
SMALL_EMBEDDED = {
    "network": {"layers": [{"type": "embedding", "dimension": 16}, {"type": "dense", "units": 32}]},
    "preprocessing": {"max_levels": 1000},
}
LBFGS = {"optimizer": "lbfgs", "batch_size": "full", "epochs": 25}
SLOW: dict[str, Case] = {
    "sgd": Case(100, 4, {"network": dense(4000, 4000), "optimizer": SGD}),
    "float64": Case(100, 4, {"network": WIDE, "dtype": "float64"}),
    "rmsprop": Case(100, 4, {"network": WIDE, "optimizer": "rmsprop"}),
    "amsgrad": Case(100, 4, {"network": WIDE, "optimizer": "amsgrad"}),
    "rmsprop with momentum": Case(
        100, 4, {"network": WIDE, "optimizer": {"type": "rmsprop", "momentum": 0.9}}
    ),
    "adadelta": Case(100, 4, {"network": WIDE, "optimizer": "adadelta"}),
    "adamw": Case(100, 4, {"network": WIDE, "optimizer": "adamw"}),
    "nadam": Case(100, 4, {"network": WIDE, "optimizer": "nadam"}),
    "embedding": Case(
        20_000, 2, {**EMBEDDED, "batch_size": 1024}, categories=(900,) * 10
    ),
    "embedding, amsgrad": Case(
        20_000,
        2,
        {**EMBEDDED, "optimizer": "amsgrad", "batch_size": 1024},
        categories=(900,) * 10,
    ),
    "embedding, sgd, full batch": Case(
        20_000,
        2,
        {**EMBEDDED, "optimizer": SGD, "batch_size": "full"},
        categories=(900,) * 10,
    ),
    "embedding of many rows": Case(
        400_000,
        2,
        {**SMALL_EMBEDDED, "batch_size": 1024},
        categories=(100, 500, 1000, 50),
    ),
    "restored": Case(
        100, 4, {"network": WIDE, "early_stopping": {"patience": 3}, "on_divergence": {}}
    ),
    "orthogonal": Case(
        100, 4, {"network": dense(3000, 3000, initializer="orthogonal"), "optimizer": SGD}
    ),
    "tall orthogonal": Case(
        100, 4, {"network": dense(6000, 1000, initializer="orthogonal"), "optimizer": SGD}
    ),
    "truncated normal": Case(
        100, 4, {"network": dense(3000, 3000, initializer="truncated_normal"), "optimizer": SGD}
    ),
    "lbfgs": Case(300, 4, {"network": dense(1000, 1000), **LBFGS}),
    "batch normalization": Case(
        20_000, 16, {"network": {"layers": NORMALIZED}, "batch_size": "full"}
    ),
    "convolution": Case(
        600, 784, {"network": {"layers": IMAGES}, "input_shape": [28, 28, 1], "batch_size": 64}, 10
    ),
    "resumed": Case(100, 4, {"network": dense(5000, 5000), "epochs": 3}, resumed_after=1),
    "checkpoints": Case(
        100, 4, {"network": WIDE, "epochs": 5}, settings={"checkpoint_seconds": 0}
    ),
    "many rows": Case(400_000, 8, {"network": dense(8), "batch_size": 1024}),
    "many rows in files": Case(
        400_000,
        8,
        {"network": dense(8), "batch_size": 1024},
        settings={"max_resident_data_bytes": 0},
    ),
    "wide table": Case(60_000, 400, {"network": dense(8), "batch_size": 1024}),
    "wide table in files": Case(200_000, 400, {"network": dense(8), "batch_size": 1024}),
    "folds": Case(
        200_000, 50, {"network": dense(32), "batch_size": 1024, "validation": {"folds": 2}}
    ),
    "classes with all metrics": Case(
        200_000, 4, {"network": dense(8), "batch_size": 1024, "metrics": "all"}, 10
    ),
}  # fmt: skip


def add_table(database: Database, settings: Settings, folder: Path, case: Case) -> DatasetRecord:
    random = np.random.default_rng(0)
    rows, classes = case.rows, case.classes
    table: dict[str, tables.Values] = {f"x{n}": random.random(rows) for n in range(case.columns)}
    for n, count in enumerate(case.categories):
        table[f"k{n}"] = [f"v{value % count}" for value in range(rows)]
    table["y"] = [f"c{n % classes}" for n in range(rows)] if classes else random.random(rows)
    return tables.add_dataset(database, settings, folder, table)


def post(
    database: Database, dataset: DatasetRecord, spec: dict[str, Any], priority: int = 0
) -> MemoryEstimate:
    asked = TrainingSpec.model_validate({"target": "y", "epochs": 1, **spec})
    resolution = resolve(asked, table_schema(dataset))
    values = resolution.spec.model_dump(mode="json")
    new = NewTraining(dataset.id, "job", {}, values, priority=priority)
    with database.writing() as session:
        add_training(session, new)
    return resolution.memory


def measure(settings: Settings, *steps: int) -> int:
    """Return the peak of the last job, run in a process of its own; with `steps`, up to there."""
    text = json.dumps(settings.model_dump(mode="json", exclude_none=True))
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.peak_of_job", text, *map(str, steps)],
        env={**os.environ, **blas_environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def check(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data_dir=folder, **case.settings)
    make_schema(settings.database_url)
    database = Database(settings.database_url)
    try:
        small = add_table(database, settings, folder, Case(50, 2, {}))
        post(database, small, {}, priority=1)
        # As intake writes it.
        width = case.columns + len(case.categories) + 1
        monkeypatch.setattr(tables, "BATCH_ROWS", MAX_BATCH_BYTES // (8 * width))
        table = add_table(database, settings, folder, case)
        stated = post(database, table, case.spec).total(settings.max_resident_data_bytes)
        if case.resumed_after is not None:
            measure(settings, case.resumed_after)
            post(database, small, {}, priority=1)
        peak = measure(settings)
        with database.reading() as session:
            jobs = list_jobs(session, TRAINING, JobFilter(), PageRequest(10)).items
    finally:
        database.close()
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}, [job.error for job in jobs]
    allowed = SHARE * peak if peak > LARGE else SMALL_ERROR
    sizes = f"stated {stated / MIB:.0f} MiB, peak {peak / MIB:.0f} MiB"
    logger.info("%s: %s", case.spec, sizes)
    assert abs(stated - peak) <= allowed, sizes


def test_a_wide_network_takes_the_stated_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(Case(60, 4, {"network": dense(2000, 2000)}), tmp_path, monkeypatch)


@pytest.mark.rare
@pytest.mark.parametrize("name", SLOW)
def test_a_job_takes_the_stated_memory(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(SLOW[name], tmp_path, monkeypatch)
