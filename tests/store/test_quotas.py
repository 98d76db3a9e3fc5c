"""Quotas per owner, on all databases: exact near the limit."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.datasets.datasets import (
    Contents,
    DatasetRecord,
    publish_dataset,
    receive_dataset,
    share_dataset,
)
from store.datasets.deletion import delete_dataset, delete_dataset_row
from store.db.database import Database
from store.db.tables import jobs, stored_bytes
from store.errors import LimitReachedError
from store.jobs.jobs import JobRecord
from store.jobs.training.new_training import NewTraining, add_training
from store.models import NewModel, import_model
from store.quotas import (
    MARGIN,
    check_stored_bytes,
    check_unfinished_jobs,
    check_unfinished_uploads,
    list_counted_owners,
    recount,
)
from store.statuses import JobStatus
from store.uploads import UploadPart, add_part, add_upload, delete_upload, mark_upload_expired
from store.usage.recount import count_records
from tests.store.conftest import COLUMN, transaction_waits
from tests.waiting import wait_for

Post = Callable[..., JobRecord]


def may_post(database: Database, limit: int, owner: str = "") -> bool:
    with database.writing() as session:
        try:
            check_unfinished_jobs(session, limit, owner)
        except LimitReachedError:
            return False
        return True


def records_of(database: Database) -> int:
    with database.reading() as session:
        return count_records(session, "")


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


def test_received_bytes_datasets_and_weights_are_added_up(
    database: Database, dataset: DatasetRecord
) -> None:
    model = NewModel({"columns": []}, {}, 7, b"weights")
    with database.writing() as session:
        upload = add_upload(session, 1000, {}, 60)
        import_model(session, model, {}, "one")
        import_model(session, NewModel({}, {}, 1, b"other"), {}, "", owner="other")
    before = count_bytes(database)
    with database.writing() as session:
        add_part(session, upload.id, UploadPart(0, 300, "uploads/one/0"), 60)
        import_model(session, model, {}, "the same bytes")
    assert count_bytes(database) == before + 300 + len(b"weights")
    assert count_bytes(database, but_upload=upload.id) == before + len(b"weights")
    assert before == dataset.blob_bytes + len(b"weights") + records_of(database)


def test_deleted_data_do_not_count(database: Database, dataset: DatasetRecord) -> None:
    with database.writing() as session:
        upload = add_upload(session, 1000, {}, 60)
        add_part(session, upload.id, UploadPart(0, 300, "uploads/one/0"), 60)
    before = count_bytes(database)
    with database.writing() as session:
        mark_upload_expired(session, upload.id)
        delete_upload(session, upload.id)
        delete_dataset(session, dataset.id)
        delete_dataset_row(session, dataset.id)
    assert count_bytes(database) == before - 300 - dataset.blob_bytes


def test_counters_equal_a_recount_after_any_change(
    database: Database, dataset: DatasetRecord
) -> None:
    count_bytes(database)
    with database.writing() as session:
        shared = share_dataset(session, "equal", dataset.fingerprint)
        assert shared is not None
        upload = add_upload(session, 1000, {}, 60)
        add_part(session, upload.id, UploadPart(0, 300, "uploads/one/0"), 60)
        add_part(session, upload.id, UploadPart(300, 5, "uploads/one/300"), 60)
        import_model(session, NewModel({}, {}, 7, b"weights"), {}, "one")
        dropped = add_upload(session, 10, {}, 60)
        add_part(session, dropped.id, UploadPart(0, 10, "uploads/two/0"), 60)
        mark_upload_expired(session, dropped.id)
        delete_upload(session, dropped.id)
    with database.writing() as session:
        delete_dataset(session, shared.id)
        delete_dataset_row(session, shared.id)
        unfinished = receive_dataset(session, "never published")
        delete_dataset_row(session, unfinished)
        drift = recount(session, "")
        del drift["records"]
        assert drift == {"datasets": 0, "uploads": 0, "weights": 0}
        session.execute(stored_bytes.update().values(weights=99))
    with database.writing() as session:
        assert recount(session, "")["weights"] == len(b"weights") - 99


def test_without_a_limit_nothing_is_counted(database: Database, dataset: DatasetRecord) -> None:
    with database.writing() as session:
        check_stored_bytes(session, None, 10**15)
        import_model(session, NewModel({}, {}, 7, b"weights"), {}, dataset.name)
        assert list_counted_owners(session) == []


def test_a_change_before_the_recount_is_counted_once(
    database: Database, dataset: DatasetRecord
) -> None:
    """A model that is stored while a recount waits for its counters is not counted twice."""
    start = count_bytes(database)
    weights = NewModel({}, {}, 7, b"weights")
    waits = threading.Event()

    def count() -> None:
        waits.set()
        with database.writing() as session:
            recount(session, "", records_of(database))

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            import_model(session, weights, {}, dataset.name)
            counting = pool.submit(count)
            assert waits.wait(10)
            wait_for(lambda: transaction_waits(database))
        counting.result(30)
    assert count_bytes(database) >= start + len(b"weights")
    with database.writing() as session:
        assert recount(session, "")["weights"] == 0


def test_unfinished_uploads_are_limited(database: Database) -> None:
    with database.writing() as session:
        first = add_upload(session, 10, {}, 60)
        add_upload(session, 10, {}, 60, owner="other")
        check_unfinished_uploads(session, 2)
        with pytest.raises(LimitReachedError, match="at most 1 unfinished uploads") as refused:
            check_unfinished_uploads(session, 1)
        assert (refused.value.limit, refused.value.used) == (1, 1)
        mark_upload_expired(session, first.id)
        check_unfinished_uploads(session, 1)


def test_bytes_up_to_the_limit_are_allowed(database: Database, dataset: DatasetRecord) -> None:
    used = count_bytes(database)
    assert used >= dataset.blob_bytes
    with database.writing() as session:
        check_stored_bytes(session, used + 5, 5)
        check_stored_bytes(session, None, 10**15)
    refused = pytest.raises(LimitReachedError, match=f"at most {used + 5} stored bytes")
    with refused as error, database.writing() as session:
        check_stored_bytes(session, used + 5, 6)
    assert (error.value.limit, error.value.used) == (used + 5, used)


def test_concurrent_datasets_cannot_both_take_the_last_bytes(database: Database) -> None:
    both = threading.Barrier(2)
    with database.writing() as session:
        ids = [receive_dataset(session, name) for name in ("a", "b")]
    used = count_bytes(database)

    def add_dataset(dataset_id: str) -> bool:
        both.wait(10)
        try:
            with database.writing() as session:
                check_stored_bytes(session, used + 20, 12)
                contents = Contents(3, 12, "a" * 64, (COLUMN,), blob_bytes=12)
                publish_dataset(session, dataset_id, contents)
        except LimitReachedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add_dataset, ids)) == [False, True]
