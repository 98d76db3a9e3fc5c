"""Polls that come at once share a look at the database, and nobody's answer suffers by it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from service import polling
from service.feeds import Feeds
from service.polling import Polls
from store.database import Database
from store.datasets import Contents, publish_dataset, receive_dataset
from store.errors import NotFoundError
from store.events import JobMark, find_marks
from store.jobs import JobRecord, NewJob, add_job
from store.lifecycle import cancel_job
from store.transitions import TransitionRecord


@dataclass(frozen=True)
class ShortView:
    """As much of a job as is wanted here; one that is called "broken" cannot be shown."""

    job: JobRecord
    transitions: Sequence[TransitionRecord]

    def model_dump_json(self) -> str:
        if self.job.name == "broken":
            raise ValueError(self.job.name)
        return " ".join([self.job.name, *(one.status for one in self.transitions)])


@pytest.fixture
def polls(database: Database, monkeypatch: pytest.MonkeyPatch) -> Polls:
    monkeypatch.setattr(polling, "view", ShortView)
    return Polls(database, Feeds(database))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """After which jobs each look asks."""
    asked: list[set[str]] = []

    def noted(session: Session, job_ids: Collection[str]) -> dict[str, JobMark]:
        asked.append(set(job_ids))
        return find_marks(session, job_ids)

    monkeypatch.setattr(polling, "find_marks", noted)
    return asked


def post(database: Database, *names: str) -> list[str]:
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
        publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, ()))
        return [add_job(session, NewJob(dataset_id, name, {}, {})).id for name in names]


def test_polls_at_once_share_a_look(
    database: Database, polls: Polls, looks: list[set[str]]
) -> None:
    first, second = post(database, "first", "second")

    async def work() -> list[tuple[str, bytes | None]]:
        return await asyncio.gather(*(polls.poll(one, 0, None) for one in (first, second) * 20))

    answers = asyncio.run(work())
    assert looks == [{first, second}]
    assert [text for _, text in answers] == [b"first queued", b"second queued"] * 20


def test_each_of_a_batch_is_answered_by_what_it_knows(database: Database, polls: Polls) -> None:
    good, broken = post(database, "good", "broken")

    async def work() -> None:
        tag, _ = await polls.poll(good, 0, None)
        asked = [(good, None), (good, tag), (broken, None), (broken, "*"), ("job_nope", None)]
        found = await asyncio.gather(
            *(polls.poll(job_id, 0, known) for job_id, known in asked), return_exceptions=True
        )
        assert found[:2] == [(tag, b"good queued"), (tag, None)]
        assert isinstance(found[2], ValueError)
        assert isinstance(found[3], tuple)
        assert isinstance(found[4], NotFoundError)

    asyncio.run(work())


def test_a_poll_after_a_change_sees_it(database: Database, polls: Polls) -> None:
    (job_id,) = post(database, "job")

    async def work() -> None:
        tag, _ = await polls.poll(job_id, 0, None)
        with database.writing() as session:
            cancel_job(session, job_id)
        # It has ended: nobody waits for more.
        for wait in (0.0, 60.0):
            newer, text = await polls.poll(job_id, wait, tag)
            assert (newer != tag, text) == (True, b"job queued cancelled")

    asyncio.run(work())
