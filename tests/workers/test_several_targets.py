"""Jobs of several targets on a worker: interrupted and resumed, and with folds."""

from typing import Any

import numpy as np
import pytest

from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.settings import Settings
from store.statuses import JobStatus
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.tables import Values, add_dataset
from tests.workers.test_slices import after_steps, losses_of, weights_of
from workers.slices import run_slice

N = range(300)
TABLE: dict[str, Values] = {
    "x": np.array([n % 11 + 0.25 for n in N]),
    "z": np.array([float(n % 7) for n in N]),
    "a": np.array([n % 11 * 2.5 + n % 7 for n in N]),
    "b": np.array([n % 7 - n % 11 * 100.0 for n in N]),
    "hot": [n % 11 > 5 for n in N],
    "wet": ["yes" if n % 7 > 2 else "no" for n in N],
}
FEATURES = ["x", "z"]


@pytest.fixture
def dataset(database: Database, settings: Settings, tmp_path: Any) -> DatasetRecord:
    return add_dataset(database, settings, tmp_path, TABLE)


@pytest.mark.parametrize(
    "spec",
    [
        {"target": ["a", "b"]},
        {"target": ["a", "b"], "loss": "gaussian", "metrics": "all"},
        {"target": ["hot", "wet"]},
        {"target": ["hot", "wet"], "metrics": "all"},
        {"target": ["hot", "wet"], "validation": {"folds": 2}},
    ],
)
def test_sliced_job_equals_the_uninterrupted_one(
    settings: Settings, database: Database, post: Post, find: Find, spec: dict[str, Any]
) -> None:
    whole = post(**spec, features=FEATURES)
    train_waiting_jobs(settings)
    moved = post(**spec, features=FEATURES)
    for steps in (5, 13):
        context = open_worker_context(settings)
        after_steps(context, steps, context.shutdown.set)
        assert run_slice(context) is True
        context.database.close()
    train_waiting_jobs(settings)
    assert find(moved.id).status is JobStatus.SUCCEEDED
    assert losses_of(database, moved.id) == losses_of(database, whole.id)
    assert weights_of(database, find(moved.id)) == weights_of(database, find(whole.id))
    assert find(moved.id).cross_validation == find(whole.id).cross_validation


def test_folds_summarize_the_means(post: Post, find: Find, settings: Settings) -> None:
    posted = post(target=["a", "b"], features=FEATURES, validation={"folds": 2})
    train_waiting_jobs(settings)
    found = find(posted.id).cross_validation
    assert found is not None
    assert found["metrics"].keys() == {"loss", "rmse", "mae", "r2"}


def test_the_classes_of_labels_are_stored_with_the_job(
    post: Post, find: Find, settings: Settings
) -> None:
    posted = post(target=["hot", "wet"], features=FEATURES)
    train_waiting_jobs(settings)
    assert find(posted.id).classes == {"hot": [False, True], "wet": ["no", "yes"]}
