"""Job events: an append-only log per job, which clients page through or stream.

Writers hold a lock on the job's row, so that the ids of a job's events are in the order in which
they become visible.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Literal

from sqlalchemy import (
    RowMapping,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import Session

from store.db.bounded_rows import bound_rows
from store.db.clock import now
from store.db.pagination import Order, Page
from store.db.tables import events, jobs
from store.jobs.transitions import get_status
from store.statuses import JobStatus
from store.webhooks.deliveries import EVENT_TYPES, Event, add_deliveries, has_subscribers

EventLevel = Literal["info", "warning", "error"]
# Jobs per query; the databases limit the number of parameters of a statement.
JOBS_PER_QUERY = 50
# Characters of stored data after which a query returns no further event.
PAGE_LENGTH = 2**18
MAX_EVENT_ID = 2**63 - 1


@dataclass(frozen=True)
class EventRecord:
    """An event of a job; the ids of a job's events increase in order of occurrence."""

    id: int
    job_id: str
    at: datetime
    level: EventLevel
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class EventLog:
    """Part of a job's log, whether more events follow, and the job's status when it was read."""

    events: tuple[EventRecord, ...]
    more: bool
    status: JobStatus

    @property
    def is_complete(self) -> bool:
        """Whether no more events follow, unless the job is retried."""
        return self.status.is_terminal and not self.more


@dataclass(frozen=True)
class JobVersion:
    """Version of a job: at least one field changes with every change of the job."""

    event_id: int
    status: JobStatus
    steps: int
    preparing_seconds: float
    training_seconds: float
    saving_seconds: float


_FIELDS = tuple(field.name for field in fields(EventRecord))
_ADD = insert(events).values(at=now())
_ADD_RETURNING = _ADD.returning(events.c.id, events.c.at, has_subscribers)
# Built once: building these statements costs more than running them.
_VERSIONS = select(
    jobs.c.id,
    jobs.c.status,
    jobs.c.steps,
    jobs.c.preparing_seconds,
    jobs.c.training_seconds,
    jobs.c.saving_seconds,
    select(func.max(events.c.id))
    .where(events.c.job_id == jobs.c.id)
    .scalar_subquery()
    .label("event_id"),
).where(jobs.c.id.in_(bindparam("job_ids", expanding=True)), jobs.c.kind == bindparam("kind"))


_FOLLOWING = bound_rows(
    select(events)
    .where(events.c.job_id == bindparam("job_id"), events.c.id > bindparam("after"))
    .order_by(events.c.id)
    .limit(bindparam("limit")),
    ["data"],
    lambda rows: [rows.c.id],
)
_PRECEDING = bound_rows(
    select(events)
    .where(events.c.job_id == bindparam("job_id"), events.c.id < bindparam("before"))
    .order_by(events.c.id.desc())
    .limit(bindparam("limit")),
    ["data"],
    lambda rows: [rows.c.id.desc()],
)
# One statement, so that events and status are consistent.
_NEW = bound_rows(
    select(events, jobs.c.status)
    .join(jobs, jobs.c.id == events.c.job_id)
    .where(
        or_(
            *(
                and_(
                    events.c.job_id == bindparam(f"job_{n}"), events.c.id > bindparam(f"after_{n}")
                )
                for n in range(JOBS_PER_QUERY)
            )
        )
    )
    .order_by(events.c.job_id, events.c.id)
    .limit(bindparam("limit")),
    ["data"],
    lambda rows: [rows.c.job_id, rows.c.id],
)


def add_event(
    session: Session,
    job_id: str,
    type: str,  # noqa: A002 - the field's name in the API
    data: dict[str, Any],
    level: EventLevel = "info",
) -> None:
    """Append to the job's log, and to the outbox for subscribed webhooks."""
    row = {"job_id": job_id, "level": level, "type": type, "data": data}
    if type not in EVENT_TYPES:
        session.execute(_ADD, row)
        return
    parameters = {**row, "event_job_id": job_id}
    event_id, at, is_subscribed = session.execute(_ADD_RETURNING, parameters).one()
    if is_subscribed:
        add_deliveries(session, Event(event_id, job_id, at, type, data))


def find_job_versions(
    session: Session, job_ids: Collection[str], kind: str
) -> dict[str, JobVersion]:
    """Return the current version of each job of this kind; unknown ids are omitted."""
    found = {}
    for row in session.execute(_VERSIONS, {"job_ids": list(job_ids), "kind": kind}).mappings():
        values = {**row, "status": JobStatus(row["status"])}
        job_id = values.pop("id")
        found[job_id] = JobVersion(**values)
    return found


def list_events(
    session: Session, job_id: str, kind: str, after: int | None, limit: int, order: Order = "asc"
) -> Page[EventRecord]:
    """Return one page of the job's events; a page of long ones is shorter. Raises NotFoundError."""
    get_status(session, job_id, kind)
    if order == "asc":
        items, more = _read(session, _FOLLOWING, job_id, limit, after=after or 0)
    else:
        before = MAX_EVENT_ID if after is None else after
        items, more = _read(session, _PRECEDING, job_id, limit, before=before)
    return Page(items, str(items[-1].id) if more else None)


def read_log(session: Session, job_id: str, kind: str, after: int, limit: int) -> EventLog:
    """Return the job's events after this one, oldest first. Raises NotFoundError."""
    # Status first: once a job has ended, all of its events are visible to the next statement.
    status = get_status(session, job_id, kind)
    return EventLog(*_read(session, _FOLLOWING, job_id, limit, after=after), status)


def _read(
    session: Session,
    query: Any,  # noqa: ANN401 - a statement
    job_id: str,
    limit: int,
    **bounds: int,
) -> tuple[tuple[EventRecord, ...], bool]:
    """Return the first events of a query, and whether there are more."""
    parameters = {"job_id": job_id, "limit": limit + 1, "length": PAGE_LENGTH, **bounds}
    found = session.execute(query, parameters).mappings().all()
    matching = found[0]["matching"] if found else 0
    items = tuple(_record(row) for row in found[:limit])
    return items, matching > len(items)


def read_new_events(
    session: Session, cursors: Mapping[str, int], limit: int
) -> dict[str, EventLog]:
    """Return the new events of many jobs.

    Args:
        session: session of the transaction.
        cursors: the last known event id per job.
        limit: maximum number of events per query; if it is reached, or PAGE_LENGTH is, the last job
            has `more`, and further jobs may have new events: query again.

    Returns:
        the log after the cursor, per job with new events.
    """
    found: dict[str, EventLog] = {}
    for chunk in _chunks(cursors):
        parameters: dict[str, Any] = {"limit": limit, "length": PAGE_LENGTH}
        for n in range(JOBS_PER_QUERY):
            job_id, after = chunk[n] if n < len(chunk) else ("", 0)
            parameters[f"job_{n}"], parameters[f"after_{n}"] = job_id, after
        rows = session.execute(_NEW, parameters).mappings().all()
        is_cut = len(rows) == limit or any(row["matching"] > len(rows) for row in rows[:1])
        found.update(_logs(rows, cut=is_cut))
    return found


def _chunks(cursors: Mapping[str, int]) -> Iterator[list[tuple[str, int]]]:
    pairs = iter(cursors.items())
    while chunk := list(islice(pairs, JOBS_PER_QUERY)):
        yield chunk


def _logs(rows: Sequence[RowMapping], *, cut: bool) -> Iterator[tuple[str, EventLog]]:
    """Yield the log per job, from rows sorted by job and event id."""
    for job_id, group in groupby(rows, key=lambda row: row["job_id"]):
        found = list(group)
        more = cut and job_id == rows[-1]["job_id"]
        yield job_id, EventLog(tuple(map(_record, found)), more, JobStatus(found[0]["status"]))


def _record(row: RowMapping) -> EventRecord:
    return EventRecord(**{name: row[name] for name in _FIELDS})
