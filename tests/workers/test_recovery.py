"""Trainings that a finding ends or that are restored after a divergence, on workers."""

from typing import Any

import pytest

from store.db.database import Database
from store.jobs.events import read_log
from store.jobs.training.checkpoints import list_training_checkpoints
from store.settings import Settings
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.training import train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_digest import kill_after
from tests.workers.test_findings import read_events
from tests.workers.test_slices import losses_of, weights_of

# The error grows a thousandfold per step, and the losses of the first epoch overflow.
DIVERGING: dict[str, Any] = {
    "target": "x",
    "features": ["z"],
    "epochs": 2,
    "network": {"layers": []},
    "optimizer": {"type": "sgd", "learning_rate": 1000.0},
    "on_divergence": {"scale_rate": 0.01, "tries": 3},
}
CUT = {"slice_seconds": 0.001, "checkpoint_seconds": 0.0}


@pytest.mark.rare
def test_a_job_interrupted_after_every_step_is_restored_to_the_same_bits(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post(**DIVERGING)
    train_waiting_jobs(settings)
    cut = post(**DIVERGING)
    assert train_waiting_jobs(settings.model_copy(update=CUT)) > 10
    ended, expected = find(cut.id), find(whole.id)
    assert (expected.status, expected.status_reason) == (
        JobStatus.SUCCEEDED,
        StatusReason.COMPLETED,
    )
    assert losses_of(database, cut.id) == losses_of(database, whole.id)
    assert [epoch for epoch, *_ in losses_of(database, cut.id)] == list(range(2))
    assert weights_of(database, ended) == weights_of(database, expected)
    assert ended.findings == expected.findings
    assert ended.steps == expected.steps == 2 * 8
    found = [f for f in ended.findings if f["code"] == "restored_after_divergence"]
    assert [f["level"] for f in found] == ["warning"]


@pytest.mark.parametrize("has_checkpoints", [True, False])
@pytest.mark.parametrize(("steps", "tries"), [(6, 0), (24, 1)])
def test_a_job_that_is_killed_before_or_between_its_tries_computes_the_same_bits(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    steps: int,
    tries: int,
    *,
    has_checkpoints: bool,
) -> None:
    whole = post(**DIVERGING)
    train_waiting_jobs(settings)
    killed = post(**DIVERGING)
    interval = 0.0 if has_checkpoints else 1000.0
    kill_after(settings, database, steps, checkpoint_seconds=interval)
    before = [event.type for event in read_events(database, killed.id)]
    assert before.count("restored") == tries
    train_waiting_jobs(settings)
    ended, expected = find(killed.id), find(whole.id)
    assert ended.attempt == expected.attempt + 1
    assert losses_of(database, ended.id) == losses_of(database, expected.id)
    assert weights_of(database, ended) == weights_of(database, expected)
    assert ended.findings == expected.findings


def test_each_restore_is_an_event_and_removes_the_checkpoints_after_it(
    settings: Settings, database: Database, post: Post
) -> None:
    posted = post(**DIVERGING)
    train_waiting_jobs(settings.model_copy(update={"checkpoint_seconds": 0.0}))
    with database.reading() as session:
        events = read_log(session, posted.id, TRAINING, 0, 1000).events
    restores = [event for event in events if event.type == "restored"]
    assert [event.data["number"] for event in restores] == list(range(1, len(restores) + 1))
    assert [event.level for event in restores] == ["warning"] * len(restores)
    first = restores[0].data
    assert (first["old_rate"], first["new_rate"], first["tries"]) == (1000.0, 10.0, 3)
    steps = [e.data["steps"] for e in events if e.type == "checkpoint" and e.id > restores[-1].id]
    assert steps == sorted(steps)
    with database.reading() as session:
        kept = [checkpoint.steps for checkpoint in list_training_checkpoints(session, posted.id)]
    assert set(kept) <= set(steps)


def test_after_the_last_try_the_job_fails_as_without_the_rule(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    rule = {"scale_rate": 0.9, "tries": 2}
    posted = post(**{**DIVERGING, "on_divergence": rule})
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.DIVERGED)
    assert job.error is not None
    assert "has non-finite values after 2 restores; a learning rate of" in job.error["message"]
    assert job.error["restores"] == 2
    assert job.error["learning_rate"] == pytest.approx(810.0)
    assert [e.type for e in read_events(database, posted.id)].count("restored") == 2


@pytest.mark.rare
def test_losses_of_epochs_that_are_trained_again_are_replaced(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    # The loss grows for several epochs before it overflows; the checkpoint is that of a good one.
    spec = {**DIVERGING, "epochs": 20, "batch_size": "full"}
    spec |= {"on_divergence": {"scale_rate": 0.0005, "tries": 1}}
    posted = [post(**spec)]
    train_waiting_jobs(settings.model_copy(update={"record_seconds": 0.0}))
    posted.append(post(**spec))
    train_waiting_jobs(settings.model_copy(update=CUT))
    (restored,) = [e.data for e in read_events(database, posted[0].id) if e.type == "restored"]
    assert restored["epoch"] > restored["epochs"] + 3
    found = [losses_of(database, job.id) for job in posted]
    assert found[0] == found[1]
    assert [epoch for epoch, *_ in found[0]] == list(range(20))
    assert found[0][-1][1] < 10
    jobs = [find(job.id) for job in posted]
    assert [job.steps for job in jobs] == [20, 20]
    assert jobs[0].latest_metrics == jobs[1].latest_metrics
    assert weights_of(database, jobs[0]) == weights_of(database, jobs[1])


STALLED: dict[str, Any] = {
    "target": "x",
    "features": ["z"],
    "epochs": 40,
    "optimizer": {"type": "sgd", "learning_rate": 1e-9},
    "on_finding": "stop",
}


def test_a_finding_ends_the_job_with_its_epoch_and_a_model(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = [post(**STALLED)]
    train_waiting_jobs(settings)
    posted.append(post(**STALLED))
    train_waiting_jobs(settings.model_copy(update={"slice_seconds": 0.02}))
    whole, cut = (find(job.id) for job in posted)
    assert (whole.status, whole.status_reason) == (JobStatus.SUCCEEDED, StatusReason.FINDING)
    assert (whole.epoch, cut.epoch) == (10, 10)
    assert cut.status_reason is StatusReason.FINDING
    assert weights_of(database, cut) == weights_of(database, whole)
    (event,) = [e for e in read_events(database, cut.id) if e.data.get("code") == "no_learning"]
    assert (event.type, event.level) == ("finding", "warning")
    assert event.data["detail"].endswith("; on_finding ends the training here")
    assert event.data in cut.findings


def test_a_finding_ends_each_network_of_the_folds_alone(
    settings: Settings, post: Post, find: Find
) -> None:
    posted = post(**{**STALLED, "validation": {"folds": 2}})
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.FINDING)
    assert (job.folds_done, job.epoch) == (2, 10)
    found = {f["pointer"] for f in job.findings if f["code"] == "no_learning"}
    assert found == {"/validation", "/optimizer/learning_rate"}
