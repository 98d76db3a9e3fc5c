"""What happens to a job, as an append-only log that clients page through or listen to.

Whoever appends holds the job's row, so that the ids of one job's events are in the order in which
they become visible.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Literal

from sqlalchemy import RowMapping, and_, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.pagination import Order, Page
from store.db.tables import events, jobs
from store.errors import NotFoundError
from store.statuses import JobStatus
from store.webhooks.deliveries import EVENT_TYPES, Event, add_deliveries, has_subscribers

EventLevel = Literal["info", "warning", "error"]
# So many jobs are asked after in one statement; the databases bound the length of one.
JOBS_AT_ONCE = 50
MAX_EVENT_ID = 2**63 - 1


@dataclass(frozen=True)
class EventRecord:
    """Something that has happened to a job; its events' ids grow in the order they happened."""

    id: int
    job_id: str
    at: datetime
    level: EventLevel
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class EventLog:
    """A piece of a job's log, whether there is more, and the job's status when it was read."""

    events: tuple[EventRecord, ...]
    more: bool
    status: JobStatus

    @property
    def is_complete(self) -> bool:
        """Whether nothing follows, unless the job is tried again."""
        return self.status.is_terminal and not self.more


@dataclass(frozen=True)
class JobVersion:
    """What tells one state of a job from another: some of it changes whenever the job does."""

    event_id: int
    status: JobStatus
    steps: int
    preparing_seconds: float
    training_seconds: float
    saving_seconds: float


_ADD = insert(events).values(at=now())
_ADD_AND_ASK = _ADD.returning(events.c.id, events.c.at, has_subscribers)
# Made once: to build a statement costs more than to run one of these.
_STATUS = select(jobs.c.status).where(jobs.c.id == bindparam("job_id"))
_MARKS = select(
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
).where(jobs.c.id.in_(bindparam("job_ids", expanding=True)))
_ONE = select(events.c.id).where(
    events.c.job_id == bindparam("job_id"), events.c.id == bindparam("event_id")
)
_FOLLOWING = (
    select(events)
    .where(events.c.job_id == bindparam("job_id"), events.c.id > bindparam("after"))
    .order_by(events.c.id)
    .limit(bindparam("limit"))
)
_PRECEDING = (
    select(events)
    .where(events.c.job_id == bindparam("job_id"), events.c.id < bindparam("before"))
    .order_by(events.c.id.desc())
    .limit(bindparam("limit"))
)
# One statement tells events and status of one moment.
_NEW = (
    select(events, jobs.c.status)
    .join(jobs, jobs.c.id == events.c.job_id)
    .where(
        or_(
            *(
                and_(
                    events.c.job_id == bindparam(f"job_{n}"), events.c.id > bindparam(f"after_{n}")
                )
                for n in range(JOBS_AT_ONCE)
            )
        )
    )
    .order_by(events.c.job_id, events.c.id)
    .limit(bindparam("limit"))
)


def add_event(
    session: Session,
    job_id: str,
    type: str,  # noqa: A002 - the field's name in the API
    data: dict[str, Any],
    level: EventLevel = "info",
) -> None:
    """Append to the job's log, and to the outbox of the webhooks that are to be told."""
    row = {"job_id": job_id, "level": level, "type": type, "data": data}
    if type not in EVENT_TYPES:
        session.execute(_ADD, row)
        return
    event_id, at, is_told = session.execute(_ADD_AND_ASK, {**row, "told_job_id": job_id}).one()
    if is_told:
        add_deliveries(session, Event(event_id, job_id, at, type, data))


def find_marks(session: Session, job_ids: Collection[str]) -> dict[str, JobVersion]:
    """What tells the present state of each of the jobs from all others; none of unknown jobs."""
    found = {}
    for row in session.execute(_MARKS, {"job_ids": list(job_ids)}).mappings():
        values = {**row, "status": JobStatus(row["status"])}
        job_id = values.pop("id")
        found[job_id] = JobVersion(**values)
    return found


def has_event(session: Session, job_id: str, event_id: int) -> bool:
    """Whether the event is one of the job's."""
    wanted = {"job_id": job_id, "event_id": event_id}
    return session.execute(_ONE, wanted).one_or_none() is not None


def list_events(
    session: Session, job_id: str, after: int | None, limit: int, order: Order = "asc"
) -> Page[EventRecord]:
    """One page of the job's events. Raises NotFoundError."""
    _require_status(session, job_id)
    if order == "asc":
        wanted = {"job_id": job_id, "after": after or 0, "limit": limit + 1}
        rows = session.execute(_FOLLOWING, wanted).mappings().all()
    else:
        before = MAX_EVENT_ID if after is None else after
        wanted = {"job_id": job_id, "before": before, "limit": limit + 1}
        rows = session.execute(_PRECEDING, wanted).mappings().all()
    items = tuple(EventRecord(**row) for row in rows[:limit])
    return Page(items, str(items[-1].id) if len(rows) > limit else None)


def read_log(session: Session, job_id: str, after: int, limit: int) -> EventLog:
    """The job's events after this one, oldest first. Raises NotFoundError."""
    # The status first: of a job that has ended all events are there to be read afterwards.
    status = _require_status(session, job_id)
    wanted = {"job_id": job_id, "after": after, "limit": limit + 1}
    rows = session.execute(_FOLLOWING, wanted).mappings().all()
    return EventLog(tuple(EventRecord(**row) for row in rows[:limit]), len(rows) > limit, status)


def read_new_events(
    session: Session, cursors: Mapping[str, int], limit: int
) -> dict[str, EventLog]:
    """Of many jobs, each with the event that is known of it, those that have newer ones.

    Where more than `limit` are found one job has `more`, and there may be others: look again.
    """
    found: dict[str, EventLog] = {}
    for chunk in _chunks(cursors):
        wanted: dict[str, Any] = {"limit": limit}
        for n in range(JOBS_AT_ONCE):
            wanted[f"job_{n}"], wanted[f"after_{n}"] = chunk[n] if n < len(chunk) else ("", 0)
        rows = session.execute(_NEW, wanted).mappings().all()
        found.update(_logs(rows, cut=len(rows) == limit))
    return found


def _chunks(cursors: Mapping[str, int]) -> Iterator[list[tuple[str, int]]]:
    pairs = iter(cursors.items())
    while chunk := list(islice(pairs, JOBS_AT_ONCE)):
        yield chunk


def _logs(rows: Sequence[RowMapping], *, cut: bool) -> Iterator[tuple[str, EventLog]]:
    """The log of each job, from rows in order of jobs and ids."""
    for job_id, group in groupby(rows, key=lambda row: row["job_id"]):
        found = [dict(row) for row in group]
        status = {JobStatus(row.pop("status")) for row in found}.pop()
        more = cut and job_id == rows[-1]["job_id"]
        yield job_id, EventLog(tuple(EventRecord(**row) for row in found), more, status)


def _require_status(session: Session, job_id: str) -> JobStatus:
    status = session.execute(_STATUS, {"job_id": job_id}).scalar_one_or_none()
    if status is None:
        raise NotFoundError("job", job_id)
    return JobStatus(status)
