"""The database's contents at the end of a run, as plain values for the checker."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from store.db.database import Database
from store.db.tables import checkpoints, events, jobs, losses, models, transitions
from store.statuses import REPLAY, TRAINING
from tests.work.counting_store import COUNTING, marks, results

KEY = "chaos_key"
WORK = "chaos_work"


@dataclass(frozen=True)
class EpochFact:
    """One row of losses, or one mark of a count; two runs are equal if their texts are equal."""

    epoch: int
    values: str


@dataclass(frozen=True)
class JobFact:
    """A job's row and its related rows.

    Attributes:
        key: the Idempotency-Key of its POST (also in its metadata).
        work: workload; jobs of equal work must have bit-identical results.
        states: all of its states, in order.
        events: the types of its events.
        checkpoint_steps: steps of every checkpoint ever committed, from the events.
        weights: sha256 of its model's weights, or the digest of its count.
        results: number of its results: models or counts.
    """

    id: str
    key: str
    work: str
    status: str
    reason: str | None
    token: int
    attempt: int
    exact: bool
    states: tuple[str, ...]
    events: tuple[str, ...]
    checkpoint_steps: tuple[int, ...]
    losses: tuple[EpochFact, ...]
    weights: str | None
    results: int


@dataclass(frozen=True)
class ReplayFact:
    """A replay, with its verdict, the types of its events and the number of its checkpoints."""

    id: str
    status: str
    verdict: dict[str, Any] | None
    events: tuple[str, ...]
    checkpoints: int


@dataclass(frozen=True)
class _Effects:
    """The rows that the work of a job has stored."""

    losses: tuple[EpochFact, ...]
    weights: str | None
    results: int


def read_jobs(database: Database) -> tuple[JobFact, ...]:
    """Return all jobs but replays, oldest first."""
    with database.reading() as session:
        query = select(jobs).where(jobs.c.kind != REPLAY).order_by(jobs.c.id)
        rows = session.execute(query).mappings().all()
        return tuple(_read_job(session, dict(row)) for row in rows)


def read_replays(database: Database) -> tuple[ReplayFact, ...]:
    """Return all replays, oldest first."""
    with database.reading() as session:
        query = select(jobs).where(jobs.c.kind == REPLAY).order_by(jobs.c.id)
        return tuple(_read_replay(session, row) for row in session.execute(query).mappings())


def _read_replay(session: Session, row: RowMapping) -> ReplayFact:
    reported = select(events.c.type).where(events.c.job_id == row["id"]).order_by(events.c.id)
    kept = select(checkpoints.c.steps).where(checkpoints.c.job_id == row["id"])
    return ReplayFact(
        id=row["id"],
        status=row["status"],
        verdict=row["result"],
        events=tuple(session.execute(reported).scalars()),
        checkpoints=len(session.execute(kept).all()),
    )


def _read_job(session: Session, row: dict[str, Any]) -> JobFact:
    job_id = row["id"]
    states = session.execute(
        select(transitions.c.status)
        .where(transitions.c.job_id == job_id)
        .order_by(transitions.c.id)
    ).scalars()
    reported = session.execute(
        select(events.c.type, events.c.data).where(events.c.job_id == job_id).order_by(events.c.id)
    ).all()
    effects = _EFFECTS[row["kind"]](session, row)
    return JobFact(
        id=job_id,
        key=row["metadata"].get(KEY, ""),
        work=row["metadata"].get(WORK, ""),
        status=row["status"],
        reason=row["status_reason"],
        token=row["token"],
        attempt=row["attempt"],
        exact=row["exact"],
        states=tuple(states),
        events=tuple(event.type for event in reported),
        checkpoint_steps=tuple(e.data["steps"] for e in reported if e.type == "checkpoint"),
        **vars(effects),
    )


def _read_training(session: Session, row: dict[str, Any]) -> _Effects:
    found = session.execute(
        select(models.c.id, models.c.artifact).where(models.c.job_id == row["id"])
    ).all()
    weights = dict(map(tuple, found)).get(row["model_id"])
    return _Effects(read_losses(session, row["id"]), weights, len(found))


def _read_count(session: Session, row: dict[str, Any]) -> _Effects:
    found = session.execute(select(marks).where(marks.c.job_id == row["id"]).order_by(marks.c.id))
    facts = tuple(EpochFact(mark.mark, mark.digest) for mark in found)
    digests = session.scalars(select(results.c.digest).where(results.c.job_id == row["id"])).all()
    return _Effects(facts, digests[0] if digests else None, len(digests))


_EFFECTS: dict[str, Callable[[Session, dict[str, Any]], _Effects]] = {
    TRAINING: _read_training,
    COUNTING: _read_count,
}


def read_losses(session: Session, job_id: str) -> tuple[EpochFact, ...]:
    """Return the recorded losses of a job's epochs, without their durations."""
    rows = session.execute(
        select(losses).where(losses.c.job_id == job_id).order_by(losses.c.epoch)
    ).mappings()
    return tuple(EpochFact(row["epoch"], _text(dict(row))) for row in rows)


def _text(row: dict[str, Any]) -> str:
    kept = {name: row[name] for name in row if name not in {"job_id", "epoch", "seconds"}}
    return json.dumps(kept, sort_keys=True)
