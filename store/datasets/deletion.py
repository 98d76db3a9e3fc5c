"""How a dataset goes: hidden first, then its blob unless others share it, and its row last."""

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from store.datasets.datasets import DELETING, READY
from store.db.clock import shifted
from store.db.tables import datasets, jobs
from store.errors import DatasetInUseError, NotFoundError
from store.statuses import TERMINAL


def delete_dataset(session: Session, dataset_id: str) -> str | None:
    """Make a dataset invisible; the key of its blob, if that goes with it.

    `delete_dataset_row` follows once the blob is gone. Survives a job that is posted in the same moment:
    the row is locked, so either the job finds no dataset or this finds the job.
    Raises NotFoundError, DatasetInUseError.
    """
    blob = _lock_with_sharers(session, dataset_id)
    found = select(datasets.c.id).where(datasets.c.id == dataset_id, datasets.c.state == READY)
    if blob is None or session.execute(found).one_or_none() is None:
        raise NotFoundError("dataset", dataset_id)
    needed = session.execute(
        select(func.count())
        .select_from(jobs)
        .where(
            or_(jobs.c.dataset_id == dataset_id, jobs.c.validation_dataset_id == dataset_id),
            jobs.c.status.not_in(TERMINAL),
        )
    ).scalar_one()
    if needed:
        raise DatasetInUseError(dataset_id, needed)
    return _hide(session, dataset_id, blob)


def mark_dataset_deleted(session: Session, dataset_id: str) -> str | None:
    """Keep an abandoned dataset from being shown after all; the key of its blob, if that goes."""
    blob = _lock_with_sharers(session, dataset_id)
    found = select(datasets.c.id).where(datasets.c.id == dataset_id, datasets.c.state != READY)
    if blob is None or session.execute(found).one_or_none() is None:
        return None
    return _hide(session, dataset_id, blob)


def _lock_with_sharers(session: Session, dataset_id: str) -> str | None:
    """Lock a dataset's row and those that share its blob, and return the blob's key.

    Of several deletions of sharers one comes after the other, and the last of them finds that
    nobody is left. A row that is shared from one of these after they were locked is seen by what
    is read next.
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
    """Datasets whose upload or deletion a crash cut short."""
    rows = session.execute(
        select(datasets.c.id).where(
            datasets.c.state != READY, datasets.c.created_at < shifted(-older_than_seconds)
        )
    )
    return tuple(rows.scalars())


def delete_dataset_row(session: Session, dataset_id: str) -> None:
    """Forget a dataset that is not visible and whose blob is gone."""
    session.execute(delete(datasets).where(datasets.c.id == dataset_id, datasets.c.state != READY))
