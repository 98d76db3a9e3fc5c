"""Advice on a job that has ended: a learning rate that was tried, findings about the result."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.findings import Finding
from engine.training import learning_rate
from store.db.database import Database
from store.jobs.commands import cancel_job
from store.jobs.events import read_log
from store.jobs.jobs import JobRecord
from store.settings import Settings
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from workers.slices import run_slice
from workers.training import advice
from workers.training.training_recorder import TrainingRecorder

LINEAR: dict[str, Any] = {
    "loss": "mean_squared_error",
    "network": {"layers": [], "output": {"activation": "linear"}},
    "epochs": 30,
}


def with_rate(rate: float, **options: Any) -> dict[str, Any]:
    return {"optimizer": {"type": "sgd", "learning_rate": rate}} | LINEAR | options


def in_search(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    """Call `then` when the first lower rate is tried."""
    try_rate = learning_rate._try

    def tried(*args: Any) -> Any:
        then()
        return try_rate(*args)

    monkeypatch.setattr(learning_rate, "_try", tried)


def error_of(job: JobRecord) -> dict[str, Any]:
    assert job.error is not None
    return job.error


def test_the_job_with_the_advised_rate_succeeds(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(**with_rate(1000.0))
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.DIVERGED)
    error = error_of(job)
    assert error["message"].startswith("training diverged in epoch")
    rate = error["suggested_learning_rate"]
    assert f"a learning rate of {rate:g} trains" in error["message"]
    # Trials do not count as the job's progress.
    assert job.epoch == error["epoch"]
    assert job.steps - 8 * job.epoch in {error["step"], error["step"] + 1}
    with database.reading() as session:
        events = read_log(session, job.id, TRAINING, 0, 100).events
    (event,) = [event for event in events if event.type == "diverged"]
    assert event.data["suggested_learning_rate"] == rate
    advised = post(**with_rate(rate))
    train_waiting_jobs(settings)
    assert find(advised.id).status is JobStatus.SUCCEEDED
    codes = {finding["code"] for finding in find(advised.id).findings}
    assert "loss_above_start" not in codes


def test_a_fold_that_diverges_has_advice(settings: Settings, post: Post, find: Find) -> None:
    posted = post(**with_rate(1000.0, validation={"folds": 2}))
    train_waiting_jobs(settings)
    rate = error_of(find(posted.id))["suggested_learning_rate"]
    advised = post(**with_rate(rate, validation={"folds": 2}))
    train_waiting_jobs(settings)
    assert find(advised.id).status is JobStatus.SUCCEEDED


def test_a_cancel_ends_the_search(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posted = post(**with_rate(1000.0))
    context = open_worker_context(settings)
    stopped: list[bool] = []

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, posted.id, TRAINING)

    def endless(_: object, __: object, stop: Callable[[], bool]) -> str:
        cancel()
        while not stop():
            pass
        stopped.append(True)
        return "interrupted"

    monkeypatch.setattr(learning_rate, "_try", endless)
    run_slice(context)
    context.database.close()
    job = find(posted.id)
    assert stopped == [True]
    assert (job.status, job.status_reason) == (JobStatus.CANCELLED, StatusReason.USER)


@pytest.mark.parametrize("options", [{}, {"max_seconds": 1e-4}])
def test_a_search_without_time_names_no_rate(
    settings: Settings,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
) -> None:
    if not options:
        monkeypatch.setattr(advice, "TRIAL_SECONDS", 0.0)
    # A training with a tiny budget goes on until it diverges.
    monkeypatch.setattr(TrainingRecorder, "is_out_of_time", False)
    posted = post(**with_rate(1000.0, **options))
    train_waiting_jobs(settings)
    error = error_of(find(posted.id))
    assert error["suggested_learning_rate"] is None
    assert "not tried for lack of time" in error["message"]


def test_memory_that_is_short_ends_the_search(
    settings: Settings, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out() -> None:
        raise MemoryError

    in_search(monkeypatch, run_out)
    posted = post(**with_rate(1000.0))
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert job.status_reason is StatusReason.DIVERGED
    assert error_of(job)["suggested_learning_rate"] is None


def test_findings_about_the_result_are_those_of_the_job(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(optimizer={"type": "adam", "learning_rate": 300.0}, epochs=3)
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.epoch, job.steps) == (JobStatus.SUCCEEDED, 3, 24)
    assert job.best_metrics is not None
    found = {finding["code"]: Finding(**finding) for finding in job.findings}
    rising = found["loss_above_start"]
    assert rising.fix is not None
    with database.reading() as session:
        events = read_log(session, job.id, TRAINING, 0, 100).events
    reported = [event.data for event in events if event.type == "finding"]
    assert reported == job.findings
    fixed = post(optimizer=rising.fix["patch"][0]["value"], epochs=3)
    train_waiting_jobs(settings)
    codes = [finding["code"] for finding in find(fixed.id).findings]
    assert "loss_above_start" not in codes
