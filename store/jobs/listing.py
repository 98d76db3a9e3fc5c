"""Lists of jobs for clients: without long values, which a job of thousands of columns has."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.long_values import select_short, short, split_long
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import jobs
from store.jobs.jobs import JobFilter, JobRecord, filter_jobs, job_from_row

# Columns whose size grows with the table, the classes or the folds.
_GROWING = frozenset(
    {
        "best_metrics",
        "classes",
        "cross_validation",
        "environment",
        "error",
        "findings",
        "latest_metrics",
        "result",
        "rows",
        "spec",
        "start_from",
        "test_metrics",
    }
)
_EMPTY: dict[str, Any] = {"spec": {}, "findings": []}
# Of a long spec these members are kept, if they are short.
SPEC_MEMBERS = (
    "batch_size",
    "dtype",
    "early_stopping",
    "epochs",
    "loss",
    "max_seconds",
    "metrics",
    "optimizer",
    "seed",
    "target",
    "task",
    "test",
    "validation",
)
_MOST_OF_MEMBER = 512


@dataclass(frozen=True)
class ListedJob:
    """A job in a list.

    Attributes:
        record: the job; long values are None or empty, of a long spec there are SPEC_MEMBERS.
        omitted: names of the columns with long values.
    """

    record: JobRecord
    omitted: tuple[str, ...]


def list_short_jobs(
    session: Session, kind: str, job_filter: JobFilter, request: PageRequest
) -> Page[ListedJob]:
    """Return one page of jobs of this kind, by default newest first."""
    query = filter_jobs(select_short(jobs, _GROWING), kind, job_filter)
    page = fetch_page(session, query, jobs.c.id, request).map(split_long)
    long = [values["id"] for values, omitted in page.items if "spec" in omitted]
    members = _read_members(session, long) if long else {}
    return page.map(lambda found: _listed(*found, members))


def _listed(
    values: dict[str, Any], omitted: tuple[str, ...], members: dict[str, dict[str, Any]]
) -> ListedJob:
    empty = {name: _EMPTY.get(name) for name in omitted}
    if "spec" in omitted:
        empty["spec"] = members[values["id"]]
    return ListedJob(job_from_row({**values, **empty}), omitted)


def _read_members(session: Session, job_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the short members of long specs, by job."""
    columns = [short(jobs.c.spec[name], _MOST_OF_MEMBER).label(name) for name in SPEC_MEMBERS]
    rows = session.execute(select(jobs.c.id, *columns).where(jobs.c.id.in_(job_ids))).mappings()
    return {
        row["id"]: {name: row[name] for name in SPEC_MEMBERS if row[name] is not None}
        for row in rows
    }
