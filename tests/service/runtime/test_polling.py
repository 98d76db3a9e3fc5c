"""Concurrent polls share database reads, and each gets its own result."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import event

from engine.data.table import ColumnSchema, TableSchema
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from service.runtime.event_broadcast import EventBroadcaster
from service.runtime.polling import Polls
from store.datasets.datasets import Contents, publish_dataset, receive_dataset
from store.db.database import Database
from store.errors import NotFoundError
from store.jobs.commands import cancel_job
from store.jobs.training.new_training import NewTraining, add_training
from store.statuses import TRAINING

TABLE = TableSchema(100, tuple(ColumnSchema(name, "numeric", 0, 50) for name in "xy"))
SPEC = resolve(TrainingSpec(target="y"), TABLE).spec.model_dump(mode="json")
# A job with this spec cannot be serialized.
BROKEN_SPEC = SPEC | {"dtype": "float8"}


@pytest.fixture
def polls(database: Database) -> Polls:
    return Polls(database, EventBroadcaster(database))


@contextmanager
def transactions_counted(database: Database) -> Iterator[list[object]]:
    """Record the transactions that begin on the database during the block."""
    begun: list[object] = []

    def note(connection: object) -> None:
        begun.append(connection)

    event.listen(database.engine, "begin", note)
    yield begun
    event.remove(database.engine, "begin", note)


def post(database: Database, **specs: dict[str, Any]) -> list[str]:
    """Queue one job per spec, named by its keyword, and return the ids."""
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
        publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, ()))
        return [
            add_training(session, NewTraining(dataset_id, name, {}, spec)).id
            for name, spec in specs.items()
        ]


def shown(text: bytes | None) -> tuple[str, list[str]]:
    """Return the name and the transitions of the job in a response."""
    assert text is not None
    job = json.loads(text)
    return job["name"], [transition["status"] for transition in job["transitions"]]


def test_concurrent_polls_share_their_reads(database: Database, polls: Polls) -> None:
    first, second = post(database, first=SPEC, second=SPEC)

    async def work() -> list[tuple[str, bytes | None]]:
        return await asyncio.gather(*(polls.poll(one, 0, None) for one in (first, second) * 20))

    with transactions_counted(database) as transactions:
        answers = asyncio.run(work())
    # One transaction for the versions, one for the two jobs.
    assert len(transactions) == 2
    found = [shown(text) for _, text in answers]
    assert found == [("first", ["queued"]), ("second", ["queued"])] * 20


def test_known_state_is_not_read_again(database: Database, polls: Polls) -> None:
    (job_id,) = post(database, job=SPEC)

    async def work() -> None:
        await polls.poll(job_id, 0, None)
        with transactions_counted(database) as transactions:
            _, text = await polls.poll(job_id, 0, None)
        assert len(transactions) == 1
        assert shown(text) == ("job", ["queued"])

    asyncio.run(work())


def test_polls_of_a_batch_get_separate_results(database: Database, polls: Polls) -> None:
    good, broken = post(database, good=SPEC, broken=BROKEN_SPEC)

    async def work() -> None:
        tag, _ = await polls.poll(good, 0, None)
        asked = [(good, None), (good, tag), (broken, None), (broken, "*"), ("job_nope", None)]
        found = await asyncio.gather(
            *(polls.poll(job_id, 0, known) for job_id, known in asked), return_exceptions=True
        )
        first, second, third, fourth, fifth = found
        assert isinstance(first, tuple)
        assert (first[0], shown(first[1])) == (tag, ("good", ["queued"]))
        assert second == (tag, None)
        assert isinstance(third, ValidationError)
        assert isinstance(fourth, tuple)
        assert fourth[1] is None
        assert isinstance(fifth, NotFoundError)

    asyncio.run(work())


def test_a_poll_after_a_change_sees_it(database: Database, polls: Polls) -> None:
    (job_id,) = post(database, job=SPEC)

    async def work() -> None:
        tag, _ = await polls.poll(job_id, 0, None)
        with database.writing() as session:
            cancel_job(session, job_id, TRAINING)
        # The job has ended: a poll does not wait.
        for wait in (0.0, 60.0):
            newer, text = await polls.poll(job_id, wait, tag)
            assert newer != tag
            assert shown(text) == ("job", ["queued", "cancelled"])

    asyncio.run(work())
