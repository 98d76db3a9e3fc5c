"""Datasets, on all databases: equal bytes share a blob, which is deleted with the last one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from store.datasets.datasets import (
    Contents,
    DatasetRecord,
    content_hash,
    get_dataset,
    lock_datasets,
    publish_dataset,
    receive_dataset,
    share_dataset,
)
from store.datasets.deletion import (
    delete_dataset,
    delete_dataset_row,
    list_abandoned_datasets,
    mark_dataset_deleted,
)
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import datasets, jobs
from store.errors import DatasetInUseError, NotFoundError
from store.jobs.jobs import JobRecord
from tests.store.conftest import COLUMN, transaction_waits
from tests.waiting import wait_for

FINGERPRINT = content_hash("a" * 64, {"delimiter": None})


@pytest.fixture
def first(database: Database) -> DatasetRecord:
    contents = Contents(
        3, 12, "a" * 64, (COLUMN,), options={"decimal": ","}, fingerprint=FINGERPRINT
    )
    with database.writing() as session:
        return publish_dataset(session, receive_dataset(session, "first"), contents)


def share(database: Database, name: str = "second") -> DatasetRecord | None:
    with database.writing() as session:
        return share_dataset(session, name, FINGERPRINT, owner="b")


def shared(database: Database) -> DatasetRecord:
    dataset = share(database)
    assert dataset is not None
    return dataset


def delete(database: Database, dataset_id: str) -> str | None:
    with database.writing() as session:
        return delete_dataset(session, dataset_id)


def test_same_bytes_share_a_blob_under_another_id(database: Database, first: DatasetRecord) -> None:
    second = shared(database)
    assert second.id > first.id
    assert (second.name, second.owner, second.blob) == ("second", "b", first.blob)
    assert (second.columns, second.options) == (first.columns, first.options)
    with database.reading() as session:
        assert get_dataset(session, second.id) == second


def test_other_options_or_bytes_change_the_content_hash() -> None:
    hashes = [content_hash("a" * 64, {"delimiter": ";"}), content_hash("b" * 64, {})]
    assert len({FINGERPRINT, *hashes}) == 3


def test_nothing_is_shared_without_a_ready_dataset(
    database: Database, first: DatasetRecord
) -> None:
    delete(database, first.id)
    assert share(database) is None


def test_datasets_without_a_fingerprint_share_nothing(database: Database) -> None:
    with database.writing() as session:
        contents = Contents(3, 12, "a" * 64, (COLUMN,))
        first = publish_dataset(session, receive_dataset(session, "first"), contents)
        assert share_dataset(session, "other", first.fingerprint) is None


def test_blob_is_deleted_with_the_last_dataset(database: Database, first: DatasetRecord) -> None:
    second = shared(database)
    assert delete(database, first.id) is None
    with database.writing() as session:
        delete_dataset_row(session, first.id)
    third = shared(database)
    assert delete(database, third.id) is None
    assert delete(database, second.id) == first.blob


def test_deleting_twice_is_not_found(database: Database, first: DatasetRecord) -> None:
    shared(database)
    delete(database, first.id)
    with pytest.raises(NotFoundError):
        delete(database, first.id)


@pytest.mark.parametrize("role", ["dataset_id", "validation_dataset_id", "test"])
def test_dataset_of_an_unfinished_job_is_in_use_but_its_copy_is_not(
    database: Database, first: DatasetRecord, post: Callable[..., JobRecord], role: str
) -> None:
    post()
    with database.writing() as session:
        values = (
            {role: first.id} if role != "test" else {"spec": {"test": {"dataset_id": first.id}}}
        )
        session.execute(update(jobs).values(values))
    second = shared(database)
    with pytest.raises(DatasetInUseError):
        delete(database, first.id)
    assert delete(database, second.id) is None


def test_deletion_during_sharing_keeps_the_blob(database: Database, first: DatasetRecord) -> None:
    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            assert share_dataset(session, "second", FINGERPRINT) is not None
            deleted = other.submit(delete, database, first.id)
            wait_for(lambda: transaction_waits(database))
        assert deleted.result() is None


def test_sharing_during_deletion_finds_no_dataset(database: Database, first: DatasetRecord) -> None:
    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            assert delete_dataset(session, first.id) == first.blob
            sharing = other.submit(share, database)
            wait_for(lambda: transaction_waits(database))
        assert sharing.result() is None


def test_second_of_two_concurrent_deletions_deletes_the_blob(
    database: Database, first: DatasetRecord
) -> None:
    second = shared(database)
    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            assert delete_dataset(session, second.id) is None
            deleted = other.submit(delete, database, first.id)
            wait_for(lambda: transaction_waits(database))
        assert deleted.result() == first.blob


def test_concurrent_sharing_and_deletion_keep_the_shared_blob(
    database: Database, first: DatasetRecord
) -> None:
    def share_and_delete(number: int) -> list[str]:
        made = [found for name in "ab" if (found := share(database, f"{name}{number}"))]
        return [blob for dataset in made if (blob := delete(database, dataset.id)) is not None]

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(share_and_delete, range(8)))
    assert taken == [[]] * 8
    assert delete(database, first.id) == first.blob
    with database.reading() as session:
        ready = select(func.count()).where(datasets.c.state == "ready")
        assert session.scalar(ready) == 0


def test_datasets_are_locked_in_one_order(database: Database, first: DatasetRecord) -> None:
    second = shared(database)
    with database.writing() as session:
        found = lock_datasets(session, [second.id, first.id, second.id])
        assert list(found) == sorted([first.id, second.id])
        assert [one.sha256 for one in found.values()] == [first.sha256, second.sha256]
        with pytest.raises(NotFoundError):
            lock_datasets(session, [first.id, "ds_none"])


def abandon(database: Database, dataset_id: str) -> str | None:
    with database.writing() as session:
        aged = update(datasets).where(datasets.c.id == dataset_id)
        session.execute(aged.values(created_at=shifted(-100)))
        assert list_abandoned_datasets(session, 50) == (dataset_id,)
        return mark_dataset_deleted(session, dataset_id)


def test_upload_marked_deleted_cannot_be_published(database: Database) -> None:
    with database.writing() as session:
        dataset_id = receive_dataset(session, "slow")
    assert abandon(database, dataset_id) == f"datasets/{dataset_id}.arrow"
    with pytest.raises(NotFoundError), database.writing() as session:
        publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, (COLUMN,)))


def test_blob_of_an_interrupted_deletion_is_deleted_unless_shared(
    database: Database, first: DatasetRecord
) -> None:
    second = shared(database)
    delete(database, first.id)
    assert abandon(database, first.id) is None
    with database.writing() as session:
        delete_dataset_row(session, first.id)
    delete(database, second.id)
    assert abandon(database, second.id) == first.blob


def test_ready_dataset_is_not_marked_deleted(database: Database, first: DatasetRecord) -> None:
    with database.writing() as session:
        assert mark_dataset_deleted(session, first.id) is None
        assert mark_dataset_deleted(session, "ds_none") is None
        assert get_dataset(session, first.id) == first
