"""Jobs as clients see them: added, read, listed, cancelled. Workers write through store.jobs.leases."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from store.datasets.datasets import lock_datasets
from store.db.clock import now
from store.db.ids import new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import jobs
from store.db.upsert import insert_or_none
from store.errors import ExternalIdTakenError, NotFoundError
from store.jobs.events import add_event
from store.jobs.transitions import add_transition
from store.models import Lineage
from store.statuses import JobStatus, StatusReason


@dataclass(frozen=True)
class NewJob:
    """What a client has decided of a job; validation_dataset_id if another's rows validate."""

    dataset_id: str
    name: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    start_from: dict[str, Any] | None = None
    priority: int = 0
    owner: str = ""
    validation_dataset_id: str | None = None
    external_id: str | None = None
    request_sha256: str | None = None


@dataclass(frozen=True)
class JobRecord:
    """One row of jobs, under the names of its columns."""

    id: str
    owner: str
    name: str
    external_id: str | None
    request_sha256: str | None
    metadata: dict[str, Any]
    dataset_id: str
    dataset_sha256: str
    validation_dataset_id: str | None
    spec: dict[str, Any]
    start_from: dict[str, Any] | None
    priority: int
    status: JobStatus
    status_reason: StatusReason | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    lease_expires_at: datetime | None
    worker: str | None
    token: int
    attempt: int
    worker_losses: int
    claimed_at: datetime | None
    dispatched_at: datetime | None
    stalled_at: datetime | None
    epoch: int
    steps: int
    samples_per_second: float | None
    epochs_since_best: int
    folds_done: int
    cross_validation: dict[str, Any] | None
    latest_metrics: dict[str, Metric] | None
    best_metrics: dict[str, Metric] | None
    preparing_seconds: float
    training_seconds: float
    saving_seconds: float
    environment: dict[str, Any] | None
    exact: bool
    model_id: str | None
    error: dict[str, Any] | None

    @property
    def lineage(self) -> Lineage:
        """Where a model that this job leaves comes from."""
        return Lineage(self.owner, self.name, self.id, self.dataset_id, self.dataset_sha256)


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; None means any."""

    status: JobStatus | None = None
    name: str | None = None
    dataset_id: str | None = None
    metadata: Mapping[str, str] | None = None
    external_id: str | None = None


def job_from_row(row: RowMapping) -> JobRecord:
    """The record of a row of jobs."""
    values = dict(row)
    values["status"] = JobStatus(values["status"])
    if values["status_reason"] is not None:
        values["status_reason"] = StatusReason(values["status_reason"])
    return JobRecord(**values)


def add_job(session: Session, new: NewJob) -> JobRecord:
    """Queue a job.

    Survives another job with the same external id in the same moment: it waits for that one's
    transaction, and is refused if it commits. Raises NotFoundError when a dataset of it is gone,
    ExternalIdTakenError.
    """
    # Locked until the commit, so that no dataset can be deleted under the new job.
    needed = (new.dataset_id, new.validation_dataset_id)
    dataset = lock_datasets(session, [name for name in needed if name])[new.dataset_id]
    values = {**asdict(new), "dataset_sha256": dataset.sha256, **_fresh()}
    row = insert_or_none(session, jobs, values)
    if row is None:
        raise _taken(session, new)
    record = job_from_row(row)
    add_transition(session, record.id, JobStatus.QUEUED)
    add_event(session, record.id, "created", {"dataset_id": dataset.id})
    return record


def _fresh() -> dict[str, Any]:
    """What every new job begins with."""
    return {
        "id": new_id("job"),
        "status": JobStatus.QUEUED,
        "created_at": now(),
        "token": 0,
        "attempt": 0,
        "worker_losses": 0,
        "epoch": 0,
        "steps": 0,
        "epochs_since_best": 0,
        "preparing_seconds": 0.0,
        "training_seconds": 0.0,
        "saving_seconds": 0.0,
    }


def _taken(session: Session, new: NewJob) -> ExternalIdTakenError:
    external_id = new.external_id or ""
    other = find_external_job(session, external_id, new.owner)
    return ExternalIdTakenError(external_id, "" if other is None else other.id)


# Made once: to build it costs as much as to run it.
_BY_IDS = select(jobs).where(jobs.c.id.in_(bindparam("job_ids", expanding=True)))


def find_jobs(session: Session, job_ids: Collection[str]) -> dict[str, JobRecord]:
    """Those of the jobs that there are."""
    rows = session.execute(_BY_IDS, {"job_ids": list(job_ids)}).mappings()
    return {row["id"]: job_from_row(row) for row in rows}


def find_job(session: Session, job_id: str) -> JobRecord | None:
    """The job, or None."""
    return find_jobs(session, [job_id]).get(job_id)


def find_external_job(session: Session, external_id: str, owner: str = "") -> JobRecord | None:
    """The job that the owner knows by this id, or None."""
    query = select(jobs).where(jobs.c.owner == owner, jobs.c.external_id == external_id)
    row = session.execute(query).mappings().one_or_none()
    return None if row is None else job_from_row(row)


def get_job(session: Session, job_id: str) -> JobRecord:
    """The job. Raises NotFoundError."""
    job = find_job(session, job_id)
    if job is None:
        raise NotFoundError("job", job_id)
    return job


def list_jobs(session: Session, wanted: JobFilter, request: PageRequest) -> Page[JobRecord]:
    """One page of jobs, newest first unless asked otherwise."""
    rows, more = fetch_page(session, _filtered(wanted), jobs.c.id, request)
    items = tuple(job_from_row(row) for row in rows)
    return Page(items, items[-1].id if more else None)


def _filtered(wanted: JobFilter) -> Select[Any]:
    query: Select[Any] = select(jobs)
    if wanted.status is not None:
        query = query.where(jobs.c.status == wanted.status)
    if wanted.name is not None:
        query = query.where(jobs.c.name == wanted.name)
    if wanted.dataset_id is not None:
        query = query.where(jobs.c.dataset_id == wanted.dataset_id)
    if wanted.external_id is not None:
        query = query.where(jobs.c.external_id == wanted.external_id)
    for key, value in (wanted.metadata or {}).items():
        query = query.where(jobs.c.metadata[key].as_string() == value)
    return query
