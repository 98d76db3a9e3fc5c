"""Job events: pages, complete logs, and new events of many jobs."""

from collections.abc import Callable
from itertools import chain

import pytest
from sqlalchemy import select

from store.db.database import Database
from store.db.tables import events
from store.errors import NotFoundError
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job
from store.jobs.events import (
    JOBS_PER_QUERY,
    PAGE_LENGTH,
    JobVersion,
    add_event,
    find_job_versions,
    list_events,
    read_log,
    read_new_events,
)
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.statuses import KINDS, TRAINING, JobStatus

Post = Callable[..., JobRecord]


def append(database: Database, job_id: str, *types: str) -> list[int]:
    """Append to a job's log, and return the ids of all its events."""
    with database.writing() as session:
        for number, type_ in enumerate(types):
            add_event(session, job_id, type_, {"number": number})
        return [event.id for event in list_events(session, job_id, TRAINING, None, 1000).items]


def test_events_are_listed_in_pages_from_both_ends(database: Database, post: Post) -> None:
    job = post()
    ids = append(database, job.id, "claimed", "epoch", "checkpoint")
    with database.reading() as session:
        first = list_events(session, job.id, TRAINING, None, 3)
        second = list_events(session, job.id, TRAINING, int(first.next or 0), 3)
        newest = list_events(session, job.id, TRAINING, None, 2, "desc")
        before = list_events(session, job.id, TRAINING, int(newest.next or 0), 2, "desc")
    assert [event.type for event in first.items] == ["created", "claimed", "epoch"]
    assert [event.type for event in second.items] == ["checkpoint"]
    assert second.next is None
    assert [event.id for event in newest.items + before.items] == ids[::-1]
    assert before.next is None
    assert first.items[1].data == {"number": 0}


def append_long(database: Database, job_id: str, *lengths: int) -> None:
    with database.writing() as session:
        for length in lengths:
            add_event(session, job_id, "finding", {"text": "x" * length})


def test_a_page_of_long_events_is_shorter(database: Database, post: Post) -> None:
    job = post()
    half = PAGE_LENGTH // 2
    append_long(database, job.id, half, half, half, 3 * PAGE_LENGTH, half)
    pages: list[list[int]] = []
    after: int | None = None
    with database.reading() as session:
        whole = [one.id for one in session.execute(select(events).order_by(events.c.id))]
        while not pages or after is not None:
            page = list_events(session, job.id, TRAINING, after, 100)
            pages.append([event.id for event in page.items])
            after = None if page.next is None else int(page.next)
    assert [*chain.from_iterable(pages)] == whole
    # With the event of the job's creation; one that is longer than a page ends one.
    assert [len(page) for page in pages] == [3, 2, 1]


def test_long_events_are_listed_from_the_end(database: Database, post: Post) -> None:
    job = post()
    append_long(database, job.id, 1, PAGE_LENGTH, PAGE_LENGTH)
    with database.reading() as session:
        newest = list_events(session, job.id, TRAINING, None, 100, "desc")
        before = list_events(session, job.id, TRAINING, int(newest.next or 0), 100, "desc")
        last = list_events(session, job.id, TRAINING, int(before.next or 0), 100, "desc")
    assert [len(page.items) for page in (newest, before, last)] == [1, 1, 2]
    assert last.next is None


def test_logs_of_long_events_are_read_in_parts(database: Database, post: Post) -> None:
    first, second = sorted(post().id for _ in range(2))
    for job_id in (first, second):
        append_long(database, job_id, PAGE_LENGTH, PAGE_LENGTH, 1)
    found: dict[str, list[int]] = {first: [], second: []}
    cursors, reads = {first: 0, second: 0}, 0
    with database.reading() as session:
        log = read_log(session, first, TRAINING, 0, 100)
        assert (len(log.events), log.more) == (2, True)
        more = True
        while more:
            logs = read_new_events(session, cursors, 100)
            assert sum(len(log.events) for log in logs.values()) <= 3
            for job_id, log in logs.items():
                found[job_id] += [event.id for event in log.events]
                cursors[job_id] = log.events[-1].id
            more = any(log.more for log in logs.values())
            reads += 1
        assert read_new_events(session, cursors, 100) == {}
    assert [len(ids) for ids in found.values()] == [4, 4]
    assert all(ids == sorted(set(ids)) for ids in found.values())
    assert reads > 2


def test_events_of_an_unknown_job_are_not_found(database: Database) -> None:
    with database.reading() as session:
        assert find_job_versions(session, ["job_nope"], TRAINING) == {}
        with pytest.raises(NotFoundError):
            list_events(session, "job_nope", TRAINING, None, 10)
        with pytest.raises(NotFoundError):
            read_log(session, "job_nope", TRAINING, 0, 10)


def test_a_log_is_complete_when_the_job_has_ended_and_all_was_read(
    database: Database, post: Post
) -> None:
    job = post()
    with database.reading() as session:
        assert not read_log(session, job.id, TRAINING, 0, 10).is_complete
    with database.writing() as session:
        cancel_job(session, job.id, TRAINING)
    with database.reading() as session:
        cut, whole = (
            read_log(session, job.id, TRAINING, 0, 1),
            read_log(session, job.id, TRAINING, 0, 10),
        )
    assert (cut.more, cut.is_complete) == (True, False)
    assert (whole.more, whole.is_complete) == (False, True)
    assert [event.type for event in whole.events] == ["created", "cancelled"]


def test_new_events_of_more_jobs_than_one_query_takes(database: Database, post: Post) -> None:
    jobs = [post() for _ in range(JOBS_PER_QUERY + 3)]
    cursors = {job.id: append(database, job.id)[-1] for job in jobs}
    with database.reading() as session:
        assert read_new_events(session, cursors, 100) == {}
    append(database, jobs[0].id, "claimed", "epoch")
    with database.writing() as session:
        cancel_job(session, jobs[-1].id, TRAINING)
    with database.reading() as session:
        found = read_new_events(session, cursors, 100)
    types = {job_id: [event.type for event in log.events] for job_id, log in found.items()}
    assert types == {jobs[0].id: ["claimed", "epoch"], jobs[-1].id: ["cancelled"]}
    assert [found[jobs[n].id].is_complete for n in (0, -1)] == [False, True]


def test_truncated_log_reports_more_events(database: Database, post: Post) -> None:
    first, second = sorted(post().id for _ in range(2))
    with database.writing() as session:
        cancel_job(session, first, TRAINING)
        cancel_job(session, second, TRAINING)
    with database.reading() as session:
        found = read_new_events(session, {first: 0, second: 0}, 3)
    assert [len(found[job_id].events) for job_id in (first, second)] == [2, 1]
    assert [found[job_id].is_complete for job_id in (first, second)] == [True, False]


def test_job_version_changes_only_with_the_job(database: Database, post: Post) -> None:
    job, other = post(), post()

    def version() -> JobVersion | None:
        with database.reading() as session:
            return find_job_versions(session, [job.id, other.id, "job_nope"], TRAINING).get(job.id)

    first = version()
    assert first is not None
    assert (first.status, version()) == (JobStatus.QUEUED, first)
    with database.writing() as session:
        claimed = claim_job(session, "worker", 20, 3, kinds=KINDS)
        assert claimed is not None
    second = version()
    assert second is not None
    assert (second.status, second.event_id > first.event_id) == (JobStatus.RUNNING, True)
    with database.writing() as session:
        lease = Lease(job.id, claimed.token)
        # Progress within an epoch adds no event.
        record_training_progress(
            session, lease, TrainingProgress(steps=7, training_seconds=0.5), ()
        )
    third = version()
    assert third is not None
    assert (third.event_id, third.steps, third != second) == (second.event_id, 7, True)
