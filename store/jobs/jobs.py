"""Jobs: creation, lookup and lists for clients; workers write through `store.jobs.leases`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, select
from sqlalchemy.orm import Session

from engine.findings import Finding
from engine.metrics import Metric
from engine.preprocessing.fitted import Classes
from engine.stored.specs import upgrade_spec
from engine.stored.versions import SPEC_VERSION
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
from store.statuses import JobStatus, StatusReason, noun_of


@dataclass(frozen=True)
class NewJob:
    """A job of any kind to be created; `dataset_id` is the dataset that its work reads.

    The spec consists of JSON values of the current version.
    """

    kind: str
    dataset_id: str
    name: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    priority: int = 0
    owner: str = ""
    external_id: str | None = None
    request_sha256: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class JobRecord:
    """A row of the table `jobs`, of any kind; some columns are used by trainings only.

    `spec` is in the form of the version `spec_version`.
    """

    id: str
    kind: str
    owner: str
    name: str
    external_id: str | None
    request_sha256: str | None
    metadata: dict[str, Any]
    subject_id: str | None
    question: dict[str, Any] | None
    dataset_id: str
    dataset_sha256: str
    validation_dataset_id: str | None
    spec: dict[str, Any]
    spec_version: int
    start_from: dict[str, Any] | None
    priority: int
    status: JobStatus
    status_reason: StatusReason | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    lease_expires_at: datetime | None
    worker: str | None
    required_environment: str | None
    token: int
    attempt: int
    worker_losses: int
    claimed_at: datetime | None
    dispatched_at: datetime | None
    stalled_at: datetime | None
    epoch: int
    steps: int
    findings: list[dict[str, Any]]
    result: dict[str, Any] | None
    samples_per_second: float | None
    epochs_since_best: int
    folds_done: int
    cross_validation: dict[str, Any] | None
    latest_metrics: dict[str, Metric] | None
    best_metrics: dict[str, Metric] | None
    test_metrics: dict[str, Metric] | None
    classes: Classes | None
    rows: dict[str, Any] | None
    digest: dict[str, Any] | None
    preparing_seconds: float
    training_seconds: float
    saving_seconds: float
    environment: dict[str, Any] | None
    exact: bool
    model_id: str | None
    error: dict[str, Any] | None

    @property
    def upgraded_spec(self) -> dict[str, Any]:
        """The spec as JSON values of the current version. Raises LaterVersionError."""
        return upgrade_spec(self.spec, self.spec_version)

    @property
    def lineage(self) -> Lineage:
        """Where a model that this job leaves comes from."""
        return Lineage(self.owner, self.name, self.id, self.dataset_id, self.dataset_sha256)


@dataclass(frozen=True)
class JobFilter:
    """Filter of a job list; None, and no statuses, match all."""

    statuses: Collection[JobStatus] = ()
    name: str | None = None
    dataset_id: str | None = None
    metadata: Mapping[str, str] | None = None
    external_id: str | None = None


def job_from_row(row: RowMapping | Mapping[str, Any]) -> JobRecord:
    """Convert a row of the table `jobs`."""
    values = dict(row)
    values["status"] = JobStatus(values["status"])
    values["status_reason"] = StatusReason.read(values["status_reason"])
    return JobRecord(**values)


def add_job(
    session: Session,
    new: NewJob,
    columns: Mapping[str, Any] | None = None,
    other_datasets: Sequence[str] = (),
) -> JobRecord:
    """Create a queued job.

    Safe against a concurrent job with the same external id: this waits for the other transaction,
    and is rejected if that commits. Raises NotFoundError if a dataset does not exist,
    ExternalIdTakenError.

    Args:
        session: session of the transaction.
        new: what jobs of all kinds have.
        columns: columns of the job's kind.
        other_datasets: ids of further datasets that the work reads.
    """
    # Locked until the commit, so that the datasets cannot be deleted before the job exists.
    dataset = lock_datasets(session, [new.dataset_id, *other_datasets])[new.dataset_id]
    values = {**asdict(new), **(columns or {}), **_initial_values()}
    values["dataset_sha256"] = dataset.sha256
    row = insert_or_none(session, jobs, values)
    if row is None:
        raise _external_id_taken(session, new)
    record = job_from_row(row)
    add_transition(session, record.id, JobStatus.QUEUED)
    add_event(session, record.id, "created", {"dataset_id": dataset.id})
    for finding in record.findings:
        add_event(session, record.id, "finding", finding, finding["level"])
    return record


def _initial_values() -> dict[str, Any]:
    """Return the column values of a new job."""
    return {
        "id": new_id("job"),
        "spec_version": SPEC_VERSION,
        "status": JobStatus.QUEUED,
        "created_at": now(),
        "token": 0,
        "attempt": 0,
        "worker_losses": 0,
    }


def _external_id_taken(session: Session, new: NewJob) -> ExternalIdTakenError:
    external_id = new.external_id or ""
    other = find_external_job(session, external_id, new.kind, new.owner)
    return ExternalIdTakenError(external_id, "" if other is None else other.id)


# Built once: building the statement costs as much as running it.
_BY_IDS = select(jobs).where(
    jobs.c.id.in_(bindparam("job_ids", expanding=True)), jobs.c.kind == bindparam("kind")
)


def find_jobs(session: Session, job_ids: Collection[str], kind: str) -> dict[str, JobRecord]:
    """Return the jobs of this kind by id; unknown ids are omitted."""
    rows = session.execute(_BY_IDS, {"job_ids": list(job_ids), "kind": kind}).mappings()
    return {row["id"]: job_from_row(row) for row in rows}


def find_external_job(
    session: Session, external_id: str, kind: str, owner: str = ""
) -> JobRecord | None:
    """Return the owner's job of this kind with this external id, or None."""
    query = select(jobs).where(
        jobs.c.owner == owner, jobs.c.kind == kind, jobs.c.external_id == external_id
    )
    row = session.execute(query).mappings().one_or_none()
    return None if row is None else job_from_row(row)


def get_job(session: Session, job_id: str, kind: str) -> JobRecord:
    """Return the job of this kind. Raises NotFoundError."""
    job = find_jobs(session, [job_id], kind).get(job_id)
    if job is None:
        raise NotFoundError(noun_of(kind), job_id)
    return job


def list_jobs(
    session: Session, kind: str, job_filter: JobFilter, request: PageRequest
) -> Page[JobRecord]:
    """Return one page of jobs of this kind, by default newest first."""
    query = filter_jobs(select(jobs), kind, job_filter)
    return fetch_page(session, query, jobs.c.id, request).map(job_from_row)


def filter_jobs(query: Select[Any], kind: str, job_filter: JobFilter) -> Select[Any]:
    """Restrict a query of the table `jobs` to those of this kind that match the filter."""
    query = query.where(jobs.c.kind == kind)
    if job_filter.statuses:
        query = query.where(jobs.c.status.in_(job_filter.statuses))
    if job_filter.name is not None:
        query = query.where(jobs.c.name == job_filter.name)
    if job_filter.dataset_id is not None:
        query = query.where(jobs.c.dataset_id == job_filter.dataset_id)
    if job_filter.external_id is not None:
        query = query.where(jobs.c.external_id == job_filter.external_id)
    for key, value in (job_filter.metadata or {}).items():
        query = query.where(jobs.c.metadata[key].as_string() == value)
    return query
