"""Jobs that need more memory than they may have fail as out_of_memory; the worker goes on."""

import resource
from collections.abc import Iterator
from typing import Any

import pytest

from engine.training.learning_rate import RateSearch
from store.environment.memory import data_bytes
from store.jobs.commands import retry_job
from store.settings import Settings
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.training import open_worker_context
from tests.workers.conftest import Find, Post
from workers.context import WorkerContext
from workers.process.memory_limit import MARGIN_BYTES, MIB
from workers.slices import run_slice
from workers.training import work

LIMIT = 16 * MIB
# Weights and gradients of 137 MiB, and as much again while they are initialized.
WIDE: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 3000}, {"type": "dense", "units": 3000}]},
    "optimizer": "sgd",
    "dtype": "float64",
    "epochs": 1,
}


@pytest.fixture
def context(settings: Settings) -> Iterator[WorkerContext]:
    limited = settings.model_copy(update={"max_job_memory_bytes": LIMIT})
    context = open_worker_context(limited)
    yield context
    context.database.close()


def test_job_beyond_the_limit_fails_and_the_next_one_is_trained(
    context: WorkerContext, post: Post, find: Find
) -> None:
    large = post(**WIDE)
    small = post(epochs=1)
    assert not run_slice(context)
    failed = find(large.id)
    assert (failed.status, failed.status_reason) == (JobStatus.FAILED, StatusReason.OUT_OF_MEMORY)
    assert failed.error is not None
    assert failed.error["limit_bytes"] == LIMIT
    assert failed.error["needed_bytes"] > LIMIT
    message = failed.error["message"]
    assert message.startswith("the job reached its memory limit of 16 MiB (BACKPROPD_MAX_JOB_MEM")
    assert message.endswith("; a smaller network, batch or table needs less")
    assert not run_slice(context)
    assert find(small.id).status is JobStatus.SUCCEEDED


def test_job_that_is_retried_fails_again_once(
    context: WorkerContext, post: Post, find: Find
) -> None:
    job = post(**WIDE)
    run_slice(context)
    with context.database.writing() as session:
        retry_job(session, job.id, TRAINING, from_start=False)
    assert not run_slice(context)
    assert find(job.id).status_reason is StatusReason.OUT_OF_MEMORY
    assert not run_slice(context)
    assert find(job.id).attempt == 2


def test_trials_after_a_divergence_have_the_same_limit(
    context: WorkerContext, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def search(*_: object) -> RateSearch:
        limits.append(resource.getrlimit(resource.RLIMIT_DATA)[0])
        return RateSearch("interrupted")

    monkeypatch.setattr(work, "search_rate", search)
    job = post(
        loss="mean_squared_error",
        network={"layers": [], "output": {"activation": "linear"}},
        epochs=100,
        optimizer={"type": "sgd", "learning_rate": 1000.0},
    )
    run_slice(context)
    assert find(job.id).status_reason is StatusReason.DIVERGED
    [limit] = limits
    assert LIMIT < limit < data_bytes() + LIMIT + MARGIN_BYTES + 64 * MIB
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != limit
