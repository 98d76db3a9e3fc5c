"""A slice runs any kind of work: here one that counts, beside trainings."""

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from store.blobs.blobs import open_blobs
from store.broker import Broker
from store.datasets.datasets import DatasetRecord
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import jobs
from store.errors import StoreUnavailableError
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.events import read_log
from store.jobs.jobs import JobRecord, NewJob, add_job, get_job
from store.settings import Settings
from store.statuses import KINDS, JobStatus, StatusReason
from tests.training import ask_before_steps, open_worker_context
from tests.work import counting
from tests.work.counting import CountingKind, count_undisturbed
from tests.work.counting_store import (
    COUNTING,
    add_counting,
    create_tables,
    finish_counting,
    marks,
    results,
)
from tests.workers.conftest import Find, Post
from workers import registry
from workers.context import WorkerContext
from workers.slices import run_slice
from workers.sweep.sweeper import Sweeper

SPEC = {"steps": 100, "hashes": 1, "seed": 1}
Count = Callable[..., str]
Open = Callable[..., WorkerContext]


@pytest.fixture
def kind(database: Database) -> CountingKind:
    create_tables(database.engine)
    return CountingKind()


@pytest.fixture
def count(database: Database, dataset: DatasetRecord, kind: CountingKind) -> Count:
    """Queue a count and return its id."""

    def count(**changes: int) -> str:
        with database.writing() as session:
            return add_counting(session, dataset.id, {**SPEC, **changes}).id

    return count


@pytest.fixture
def open_context(settings: Settings, kind: CountingKind) -> Iterator[Open]:
    """Open contexts of workers that know both kinds."""
    made: list[WorkerContext] = []

    def open_context(**changes: Any) -> WorkerContext:
        context = open_worker_context(settings.model_copy(update=changes))
        made.append(replace(context, kinds={**registry.KINDS, COUNTING: kind}))
        return made[-1]

    yield open_context
    for context in made:
        context.database.close()


def read(database: Database, job_id: str) -> JobRecord:
    with database.reading() as session:
        return get_job(session, job_id, COUNTING)


def events_of(database: Database, job_id: str) -> list[str]:
    with database.reading() as session:
        log = read_log(session, job_id, COUNTING, 0, 1000)
    return [event.type for event in log.events]


def stored(database: Database, job_id: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the digests of the job's marks, and its results."""
    with database.reading() as session:
        query = select(marks.c.digest).where(marks.c.job_id == job_id).order_by(marks.c.id)
        found = select(results.c.steps, results.c.digest).where(results.c.job_id == job_id)
        rows = [(steps, digest) for steps, digest in session.execute(found)]
        return list(session.scalars(query)), rows


def undisturbed(**changes: int) -> tuple[list[str], list[tuple[int, str]]]:
    spec = {**SPEC, **changes}
    found, digest = count_undisturbed(spec)
    return [mark.digest for mark in found], [(spec["steps"], digest)]


def after_steps(context: WorkerContext, steps: int, then: Callable[[], None]) -> None:
    """Call `then` before step number `steps`, counted from here."""
    numbers = itertools.count()
    is_set = context.shutdown.is_set

    def at_step() -> bool:
        if next(numbers) == steps:
            then()
        return is_set()

    ask_before_steps(context, at_step)


def test_registry_knows_the_kinds_of_the_store() -> None:
    assert set(registry.KINDS) == KINDS


def test_work_is_done_and_its_result_stored_once(
    open_context: Open, database: Database, count: Count, kind: CountingKind
) -> None:
    job_id = count()
    assert run_slice(open_context()) is False
    job = read(database, job_id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    assert (job.steps, job.exact, job.environment) == (100, True, open_context().environment)
    assert stored(database, job_id) == undisturbed()
    assert events_of(database, job_id) == ["created", "claimed", "succeeded"]
    assert [work.is_closed for work in kind.opened] == [True]


def test_sliced_work_equals_the_uninterrupted_one(
    open_context: Open, database: Database, count: Count, kind: CountingKind
) -> None:
    job_id = count()
    for steps in (1, 33, 20):
        context = open_context(record_seconds=0.0, checkpoint_seconds=0.0)
        after_steps(context, steps, context.shutdown.set)
        assert run_slice(context) is True
    assert run_slice(open_context()) is False
    assert stored(database, job_id) == undisturbed()
    assert read(database, job_id).attempt == 1


def test_next_slice_in_the_same_process_reuses_the_open_work(
    open_context: Open, database: Database, count: Count, kind: CountingKind
) -> None:
    job_id = count()
    context = open_context()
    after_steps(context, 30, context.shutdown.set)
    assert run_slice(context) is True
    assert [work.is_closed for work in kind.opened] == [False]
    context.shutdown._byte[0] = 0
    assert run_slice(context) is False
    assert [work.is_closed for work in kind.opened] == [True]
    assert stored(database, job_id) == undisturbed()


def test_open_work_of_another_job_is_closed(
    open_context: Open, database: Database, count: Count, post: Post, kind: CountingKind
) -> None:
    count()
    context = open_context()
    after_steps(context, 30, context.shutdown.set)
    assert run_slice(context) is True
    with database.writing() as session:
        session.execute(update(jobs).values(priority=-1))
    post()
    context.shutdown._byte[0] = 0
    assert run_slice(context) is False
    assert [work.is_closed for work in kind.opened] == [True]


def test_lost_worker_repeats_steps_without_a_trace(
    open_context: Open, database: Database, count: Count, kind: CountingKind
) -> None:
    job_id = count()
    context = open_context(record_seconds=0.0, checkpoint_seconds=1000.0)
    after_steps(context, 30, context.shutdown.set)
    assert run_slice(context) is True

    def crash() -> None:
        raise SystemExit

    context = open_context(record_seconds=0.0, checkpoint_seconds=1000.0)
    after_steps(context, 55, crash)
    with pytest.raises(SystemExit):
        run_slice(context)
    assert [work.is_closed for work in kind.opened[1:]] == [True]
    # It has saved marks after its last checkpoint.
    assert (read(database, job_id).steps, len(stored(database, job_id)[0])) == (80, 4)
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=shifted(-1)))
    assert run_slice(open_context()) is False
    assert stored(database, job_id) == undisturbed()
    assert events_of(database, job_id).count("rescued") == 1


def test_cancel_keeps_what_was_done(open_context: Open, database: Database, count: Count) -> None:
    job_id = count()
    context = open_context(watch_seconds=1000.0, record_seconds=0.0)

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, job_id, COUNTING)

    after_steps(context, 30, cancel)
    assert run_slice(context) is False
    job = read(database, job_id)
    assert (job.status, job.steps) == (JobStatus.CANCELLED, 40)
    assert stored(database, job_id) == undisturbed(steps=40)


def test_pause_releases_the_job_and_resume_continues(
    open_context: Open, database: Database, count: Count, kind: CountingKind
) -> None:
    job_id = count()
    context = open_context(watch_seconds=1000.0, record_seconds=0.0, checkpoint_seconds=0.0)

    def pause() -> None:
        with database.writing() as session:
            pause_job(session, job_id, COUNTING)

    after_steps(context, 30, pause)
    assert run_slice(context) is False
    assert read(database, job_id).status is JobStatus.PAUSED
    assert kind.opened[0].is_closed
    with database.writing() as session:
        resume_job(session, job_id, COUNTING)
    assert run_slice(open_context()) is False
    assert stored(database, job_id) == undisturbed()


def test_failure_is_named_by_the_kind_and_leaves_no_result(
    open_context: Open, database: Database, count: Count
) -> None:
    job_id = count(spoiled_at=50)
    assert run_slice(open_context()) is False
    job = read(database, job_id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INVALID_DATA)
    assert job.error == {"code": "invalid_data", "message": "the count is spoiled"}
    assert (job.steps, stored(database, job_id)) == (50, (undisturbed(steps=40)[0], []))


def test_result_that_cannot_be_stored_fails_the_job(
    open_context: Open, database: Database, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> JobRecord:
        raise ValueError("a secret")

    monkeypatch.setattr(counting, "finish_counting", refuse)
    job_id = count()
    assert run_slice(open_context()) is False
    job = read(database, job_id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INTERNAL)
    assert "secret" not in str(job.error)
    assert stored(database, job_id) == ([], [])


def test_end_that_is_repeated_after_an_outage_has_effect_once(
    open_context: Open, database: Database, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.slices.DATABASE_RETRY_SECONDS", 0.0)
    finish, away = finish_counting, [StoreUnavailableError("gone")] * 2

    def flaky(*args: Any) -> JobRecord:
        job = finish(*args)
        if away:
            raise away.pop()
        return job

    monkeypatch.setattr(counting, "finish_counting", flaky)
    job_id = count()
    assert run_slice(open_context()) is False
    assert read(database, job_id).status is JobStatus.SUCCEEDED
    assert stored(database, job_id) == undisturbed()


def test_work_continued_in_another_environment_is_not_exact(
    open_context: Open, database: Database, count: Count
) -> None:
    job_id = count()
    first = open_context()
    after_steps(first, 30, first.shutdown.set)
    assert run_slice(first) is True
    second = open_context(record_seconds=0.0)
    second.environment = {**second.environment, "blas_kernel": "another"}
    assert run_slice(second) is False
    job = read(database, job_id)
    assert (job.exact, job.environment) == (False, second.environment)
    assert events_of(database, job_id).count("inexact") == 1


def test_unknown_kind_is_left_alone_and_trainings_go_on(
    settings: Settings, database: Database, count: Count, post: Post, find: Find
) -> None:
    job_id = count()
    training = post()
    before = read(database, job_id)
    context = open_worker_context(settings)
    assert run_slice(context) is False
    assert run_slice(context) is False
    context.database.close()
    assert find(training.id).status is JobStatus.SUCCEEDED
    assert read(database, job_id) == before


def test_sweep_reports_an_unknown_kind_once(
    settings: Settings,
    database: Database,
    dataset: DatasetRecord,
    count: Count,
    caplog: pytest.LogCaptureFixture,
) -> None:
    count()
    count()
    broker = Broker("memory://")
    sweeper = Sweeper(
        database, open_blobs(settings), broker, settings, "w", {}, lambda: True, registry.KINDS
    )
    with caplog.at_level(logging.WARNING, "workers.sweep.sweeper"):
        sweeper.sweep(-1)
        sweeper.sweep(-1)
        assert [text.partition(",")[0] for text in caplog.messages] == [
            "2 unfinished jobs have the kind 'counting'"
        ]
        with database.writing() as session:
            add_job(session, NewJob("third", dataset.id, "", {}, {}))
        sweeper.sweep(-1)
    assert [text.partition(",")[0] for text in caplog.messages[1:]] == [
        "1 unfinished job has the kind 'third'"
    ]
