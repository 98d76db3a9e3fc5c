"""Counts of the bytes that an owner has stored, from the rows themselves.

Equal uploads share a file and equal weights their bytes; they count for each dataset and model.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.orm import Session

from store.db.tables import (
    artifacts,
    checkpoints,
    datasets,
    deliveries,
    events,
    idempotency_keys,
    jobs,
    losses,
    models,
    uploads,
    webhooks,
)

# Of a row, besides its texts: ids, numbers and the entry of an index.
ROW_BYTES = 128


def count_usage(session: Session, owner: str) -> dict[str, int]:
    """Return the bytes that `store.usage.counters` counts, by counter."""
    weights = (
        select(_sum(artifacts.c.bytes))
        .select_from(models)
        .join(artifacts, artifacts.c.sha256 == models.c.artifact)
        .where(models.c.owner == owner)
    )
    queries = {
        "datasets": select(_sum(datasets.c.blob_bytes)).where(datasets.c.owner == owner),
        "uploads": select(_sum(uploads.c.offset)).where(uploads.c.owner == owner),
        "weights": weights,
    }
    return {name: _number(session, query) for name, query in queries.items()}


def count_records(session: Session, owner: str) -> int:
    """Return the bytes of an owner's rows and checkpoints.

    Of jobs, losses, events, stored answers and deliveries. It reads all of these rows.
    """
    return sum(_number(session, query) for query in _record_queries(owner))


def _record_queries(owner: str) -> list[Select[Any]]:
    is_own = jobs.c.owner == owner
    keys = idempotency_keys
    return [
        select(_rows(jobs.c.spec, jobs.c.metadata, jobs.c.findings)).where(is_own),
        select(_rows(losses.c.metrics, losses.c.layers)).join(jobs).where(is_own),
        select(_rows(events.c.data)).join(jobs).where(is_own),
        select(_rows(checkpoints.c.numbers)).join(jobs).where(is_own),
        select(_sum(artifacts.c.bytes))
        .select_from(checkpoints)
        .join(artifacts, artifacts.c.sha256 == checkpoints.c.artifact)
        .join(jobs, jobs.c.id == checkpoints.c.job_id)
        .where(is_own),
        select(_rows(keys.c.headers, keys.c.body)).where(keys.c.owner == owner),
        select(_rows(deliveries.c.payload)).join(webhooks).where(webhooks.c.owner == owner),
        select(_rows(datasets.c.columns, datasets.c.notices)).where(datasets.c.owner == owner),
        select(_rows(uploads.c.metadata)).where(uploads.c.owner == owner),
    ]


def _rows(*texts: ColumnElement[Any]) -> ColumnElement[int]:
    """Sum of the sizes of rows with these texts."""
    lengths = [func.length(cast(column, Text)) for column in texts]
    return _sum(sum(lengths[1:], lengths[0]) + ROW_BYTES)


def _sum(size: ColumnElement[Any]) -> ColumnElement[int]:
    return func.coalesce(func.sum(size), 0)


def _number(session: Session, query: Select[Any]) -> int:
    # PostgreSQL returns sums of integers as decimals.
    return int(session.execute(query).scalar_one())
