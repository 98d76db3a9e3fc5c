"""Quotas per owner, on all databases: exact near the limit."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.datasets.datasets import Contents, DatasetRecord, publish_dataset, receive_dataset
from store.datasets.deletion import delete_dataset
from store.db.database import Database
from store.db.tables import jobs
from store.errors import LimitReachedError
from store.jobs.jobs import JobRecord
from store.jobs.training.new_training import NewTraining, add_training
from store.models import NewModel, import_model
from store.quotas import MARGIN, check_stored_bytes, check_unfinished_jobs
from store.statuses import JobStatus
from store.uploads import add_upload, mark_upload_expired
from tests.store.conftest import COLUMN

Post = Callable[..., JobRecord]


def may_post(database: Database, limit: int, owner: str = "") -> bool:
    with database.writing() as session:
        try:
            check_unfinished_jobs(session, limit, owner)
        except LimitReachedError:
            return False
        return True


def count_bytes(database: Database, but_upload: str | None = None) -> int:
    """Return the counted bytes: the smallest limit that is not exceeded."""
    low, high = 0, 10_000
    while low < high:
        middle = (low + high) // 2
        with database.writing() as session:
            try:
                check_stored_bytes(session, middle, 0, but_upload=but_upload)
                high = middle
            except LimitReachedError:
                low = middle + 1
    return low


def test_job_beyond_the_limit_is_refused(database: Database, post: Post) -> None:
    post()
    assert may_post(database, 2)
    post()
    assert not may_post(database, 2)
    assert may_post(database, MARGIN + 3)


def test_every_unfinished_job_counts(database: Database, post: Post) -> None:
    post()
    for status in JobStatus:
        with database.writing() as session:
            session.execute(jobs.update().values(status=status))
        assert may_post(database, 1) == status.is_terminal, status


def test_jobs_of_another_owner_do_not_count(database: Database, post: Post) -> None:
    post(owner="other")
    assert may_post(database, 1)
    assert not may_post(database, 1, "other")


def test_concurrent_jobs_cannot_both_take_the_last_slot(
    database: Database, dataset: DatasetRecord
) -> None:
    both = threading.Barrier(2)

    def post_one(_: int) -> bool:
        both.wait(10)
        try:
            with database.writing() as session:
                check_unfinished_jobs(session, 1)
                add_training(session, NewTraining(dataset.id, "", {}, {}))
        except LimitReachedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(post_one, range(2))) == [False, True]


def test_datasets_uploads_and_artifacts_are_added_up(
    database: Database, dataset: DatasetRecord
) -> None:
    model = NewModel({"columns": []}, {}, 7, b"weights")
    with database.writing() as session:
        upload = add_upload(session, 1000, {}, 60)
        import_model(session, model, {}, "one")
        import_model(session, model, {}, "the same bytes")
        import_model(session, NewModel({}, {}, 1, b"other"), {}, "", owner="other")
    assert count_bytes(database) == dataset.bytes + 1000 + len(b"weights")
    assert count_bytes(database, but_upload=upload.id) == dataset.bytes + len(b"weights")


def test_deleted_and_expired_data_do_not_count(database: Database, dataset: DatasetRecord) -> None:
    with database.writing() as session:
        mark_upload_expired(session, add_upload(session, 1000, {}, 60).id)
        delete_dataset(session, dataset.id)
    assert count_bytes(database) == 0


def test_bytes_up_to_the_limit_are_allowed(database: Database, dataset: DatasetRecord) -> None:
    with database.writing() as session:
        check_stored_bytes(session, dataset.bytes + 5, 5)
        check_stored_bytes(session, None, 10**15)
    refused = pytest.raises(LimitReachedError, match="at most 17 stored bytes")
    with refused, database.writing() as session:
        check_stored_bytes(session, dataset.bytes + 5, 6)


def test_concurrent_datasets_cannot_both_take_the_last_bytes(database: Database) -> None:
    both = threading.Barrier(2)

    def add_dataset(name: str) -> bool:
        with database.writing() as session:
            dataset_id = receive_dataset(session, name)
        both.wait(10)
        try:
            with database.writing() as session:
                check_stored_bytes(session, 20, 12)
                publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, (COLUMN,)))
        except LimitReachedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add_dataset, ["a", "b"])) == [False, True]
