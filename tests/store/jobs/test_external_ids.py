"""External ids of jobs, on all databases: unique per owner, also with concurrent requests."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.datasets.datasets import DatasetRecord
from store.db.database import Database
from store.db.pagination import PageRequest
from store.errors import ExternalIdTakenError
from store.jobs.jobs import JobFilter, JobRecord, find_external_job, list_jobs
from store.jobs.training.new_training import NewTraining, add_training
from store.statuses import TRAINING
from tests.store.conftest import transaction_waits
from tests.waiting import wait_for

Post = Callable[..., JobRecord]


def test_job_is_found_by_its_external_id(database: Database, post: Post) -> None:
    post()
    job = post(external_id="nightly", request_sha256="a" * 64)
    with database.reading() as session:
        assert find_external_job(session, "nightly", TRAINING) == job
        assert find_external_job(session, "weekly", TRAINING) is None
        found = list_jobs(session, TRAINING, JobFilter(external_id="nightly"), PageRequest())
    assert found.items == (job,)


def test_second_job_with_an_external_id_is_refused(database: Database, post: Post) -> None:
    first = post(external_id="nightly")
    with pytest.raises(ExternalIdTakenError) as refused:
        post(external_id="nightly")
    assert refused.value.job_id == first.id


def test_owners_do_not_share_external_ids(database: Database, post: Post) -> None:
    mine, theirs = post(external_id="nightly"), post(external_id="nightly", owner="other")
    assert mine.id != theirs.id
    with database.reading() as session:
        assert find_external_job(session, "nightly", TRAINING, "other") == theirs


def test_jobs_without_external_ids_do_not_clash(post: Post) -> None:
    assert post().id != post().id


def test_concurrent_second_request_waits_and_is_refused(
    database: Database, dataset: DatasetRecord
) -> None:
    new = NewTraining(dataset.id, "", {}, {}, external_id="nightly")
    added = threading.Event()

    def second() -> None:
        added.wait(10)
        with database.writing() as session:
            add_training(session, new)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        with database.writing() as session:
            first = add_training(session, new)
            added.set()
            wait_for(lambda: transaction_waits(database))
            assert not waiting.done()
        with pytest.raises(ExternalIdTakenError) as refused:
            waiting.result(10)
    assert refused.value.job_id == first.id
