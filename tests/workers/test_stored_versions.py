"""Jobs, checkpoints and models of another version, as a worker meets them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from engine.stored import versions
from engine.stored.versions import SPEC_VERSION, Upgrade
from engine.training.loop import TrainingState
from store.blobs.artifacts import add_artifact, get_artifact
from store.blobs.tensors import pack_arrays, unpack_arrays
from store.db.database import Database
from store.db.tables import checkpoints, jobs, models
from store.jobs.training.new_training import NewTraining, add_training
from store.models import get_model
from store.settings import Settings
from store.statuses import JobStatus
from tests.training import train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_environments import train_and_leave
from tests.workers.test_slices import losses_of, weights_of
from tests.workers.test_sweeper import Sweeping, sweeping

__all__ = ["sweeping"]

EARLIER, LATER = SPEC_VERSION - 1, SPEC_VERSION + 1
KERNEL = "any"
Values = dict[str, Any]


def rename(old: str, new: str) -> Callable[[Values], Values]:
    return lambda values: {new if key == old else key: value for key, value in values.items()}


def rename_state(state: TrainingState) -> TrainingState:
    return replace(
        state,
        arrays=rename("weights", "parameters")(dict(state.arrays)),
        numbers=rename("steps", "steps_done")(state.numbers),
    )


@pytest.fixture
def renamed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the current version be one that has renamed a field of every kind."""
    upgrade = Upgrade(
        spec=rename("random_seed", "seed"),
        preprocessing=rename("inputs", "columns"),
        training_state=rename_state,
    )
    monkeypatch.setitem(versions.UPGRADES, EARLIER, upgrade)


def store_earlier(session: Session, table: Table, **columns: Callable[[Any], Any]) -> None:
    """Change all rows of a table to what the version before would have stored."""
    for row in session.execute(select(table)).mappings().all():
        key = [column == row[column.name] for column in table.primary_key]
        changed = {name: convert(row[name]) for name, convert in columns.items()}
        session.execute(update(table).where(*key).values(**changed, spec_version=EARLIER))


def store_job_earlier(session: Session) -> None:
    store_earlier(session, jobs, spec=rename("seed", "random_seed"))


def store_model_earlier(session: Session) -> None:
    store_earlier(
        session,
        models,
        spec=rename("seed", "random_seed"),
        preprocessing=rename("columns", "inputs"),
    )


def store_checkpoints_earlier(session: Session) -> None:
    def numbers(values: Values) -> Values:
        return {
            **values,
            "training": rename("steps_done", "steps")(values["training"]),
            "preprocessing": rename("columns", "inputs")(values["preprocessing"]),
        }

    def artifact(sha256: str) -> str:
        arrays = unpack_arrays(get_artifact(session, sha256))
        return add_artifact(session, pack_arrays(rename("parameters", "weights")(arrays)))

    store_earlier(session, checkpoints, numbers=numbers, artifact=artifact)


@pytest.mark.usefixtures("renamed_since")
def test_job_and_checkpoint_of_an_earlier_version_end_in_the_same_bits(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post(seed=5)
    train_waiting_jobs(settings)
    cut = post(seed=5)
    train_and_leave(settings, KERNEL, 12)
    with database.writing() as session:
        store_job_earlier(session)
        store_checkpoints_earlier(session)
    train_waiting_jobs(settings)
    assert find(cut.id).status is JobStatus.SUCCEEDED
    assert find(cut.id).steps == find(whole.id).steps
    assert losses_of(database, cut.id) == losses_of(database, whole.id)
    assert weights_of(database, find(cut.id)) == weights_of(database, find(whole.id))
    with database.reading() as session:
        model = get_model(session, str(find(cut.id).model_id))
    assert (model.spec["seed"], model.spec_version) == (5, SPEC_VERSION)


@pytest.mark.usefixtures("renamed_since")
def test_job_starts_from_a_model_of_an_earlier_version(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    first = post()
    train_waiting_jobs(settings)
    source = find(first.id)
    start_from = {"model_id": source.model_id}
    new = NewTraining(source.dataset_id, "job", {}, source.upgraded_spec, start_from)
    results = []
    for is_earlier in (False, True):
        with database.writing() as session:
            if is_earlier:
                store_model_earlier(session)
            job = add_training(session, new)
        train_waiting_jobs(settings)
        results.append(weights_of(database, find(job.id)))
    assert results[0] == results[1]
    assert results[0] != weights_of(database, source)


def test_worker_leaves_a_job_of_a_later_version_alone(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    sweeping: Sweeping,
    caplog: pytest.LogCaptureFixture,
) -> None:
    posted = post()
    with database.writing() as session:
        session.execute(update(jobs).values(spec_version=LATER, spec={"rounds": 1}))
    before = find(posted.id)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            sweeping.sweeper.sweep(0)
    assert find(posted.id) == before
    assert sweeping.broker.published == 0
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"job {posted.id} is left to later workers: the spec has version {LATER}; this version of "
        f"backpropd reads versions up to {SPEC_VERSION}: upgrade backpropd"
    ]
