"""Deletion of datasets: hide the row, delete the blob unless it is shared, delete the row."""

from sqlalchemy import delete, func, or_, select, union, update
from sqlalchemy.orm import Session

from store.datasets.datasets import DELETING, READY
from store.db.clock import shifted
from store.db.tables import datasets, jobs
from store.errors import DatasetInUseError, NotFoundError
from store.statuses import TERMINAL, UNFINISHED
from store.usage.counters import add_usage


def delete_dataset(session: Session, dataset_id: str) -> str | None:
    """Hide a dataset, and return the key of its blob if the blob is to be deleted.

    `delete_dataset_row` follows once the blob is deleted. Safe against a concurrent job creation:
    the row is locked, so either the job finds no dataset or this finds the job.
    Raises NotFoundError, DatasetInUseError.
    """
    blob = _lock_with_sharers(session, dataset_id)
    found = select(datasets.c.id).where(datasets.c.id == dataset_id, datasets.c.state == READY)
    if blob is None or session.execute(found).one_or_none() is None:
        raise NotFoundError("dataset", dataset_id)
    users = _count_users(session, dataset_id)
    if users:
        raise DatasetInUseError(dataset_id, users)
    return _hide(session, dataset_id, blob)


def _count_users(session: Session, dataset_id: str) -> int:
    """Return the number of unfinished jobs that read the dataset."""
    columns = or_(jobs.c.dataset_id == dataset_id, jobs.c.validation_dataset_id == dataset_id)
    # Only the spec names a test dataset: the few unfinished jobs are found by their status.
    is_test = jobs.c.spec["test"]["dataset_id"].as_string() == dataset_id
    by_column = select(jobs.c.id).where(columns, jobs.c.status.not_in(TERMINAL))
    by_spec = select(jobs.c.id).where(is_test, jobs.c.status.in_(UNFINISHED))
    users = union(by_column, by_spec).subquery()
    return session.execute(select(func.count()).select_from(users)).scalar_one()


def mark_dataset_deleted(session: Session, dataset_id: str) -> str | None:
    """Hide an abandoned dataset for good; return the key of its blob if that is to be deleted."""
    blob = _lock_with_sharers(session, dataset_id)
    found = select(datasets.c.id).where(datasets.c.id == dataset_id, datasets.c.state != READY)
    if blob is None or session.execute(found).one_or_none() is None:
        return None
    return _hide(session, dataset_id, blob)


def _lock_with_sharers(session: Session, dataset_id: str) -> str | None:
    """Lock the rows of a dataset and of those that share its blob, and return the blob's key.

    Concurrent deletions of datasets sharing a blob are serialized; the last one finds no other
    dataset. A dataset that was meanwhile created from one of these is visible to the next
    statement (READ COMMITTED).
    """
    blob = session.execute(
        select(datasets.c.blob).where(datasets.c.id == dataset_id)
    ).scalar_one_or_none()
    if blob is not None:
        query = select(datasets.c.id).where(datasets.c.blob == blob).order_by(datasets.c.id)
        session.execute(query.with_for_update()).all()
    return blob


def _hide(session: Session, dataset_id: str, blob: str) -> str | None:
    session.execute(update(datasets).where(datasets.c.id == dataset_id).values(state=DELETING))
    sharers = select(datasets.c.id).where(datasets.c.blob == blob, datasets.c.state == READY)
    return blob if session.execute(sharers.limit(1)).one_or_none() is None else None


def list_abandoned_datasets(session: Session, older_than_seconds: float) -> tuple[str, ...]:
    """Return the ids of datasets whose upload or deletion was interrupted by a crash."""
    rows = session.execute(
        select(datasets.c.id).where(
            datasets.c.state != READY, datasets.c.created_at < shifted(-older_than_seconds)
        )
    )
    return tuple(rows.scalars())


def delete_dataset_row(session: Session, dataset_id: str) -> None:
    """Delete the row of a hidden dataset whose blob is deleted."""
    found = session.execute(
        delete(datasets)
        .where(datasets.c.id == dataset_id, datasets.c.state != READY)
        .returning(datasets.c.owner, datasets.c.blob_bytes)
    ).one_or_none()
    if found is not None:
        add_usage(session, found.owner, datasets=-found.blob_bytes)
