"""Jobs about a training: created with its spec and datasets, and listed by it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import jobs
from store.jobs.jobs import JobRecord, NewJob, add_job, job_from_row


def add_job_about(
    session: Session,
    kind: str,
    subject: JobRecord,
    columns: Mapping[str, Any],
    *,
    priority: int,
    request_sha256: str | None = None,
) -> JobRecord:
    """Create a queued job that repeats a training; until it has ended, the datasets stay.

    Its spec, datasets and initial weights are those of the training. Raises NotFoundError if a
    dataset has been deleted, LaterVersionError.

    Args:
        session: session of the transaction.
        kind: kind of the job.
        subject: the training.
        columns: columns of the job's kind.
        priority: priority of the job.
        request_sha256: hash of what was asked for.
    """
    spec = subject.upgraded_spec
    new = NewJob(
        kind,
        subject.dataset_id,
        subject.name,
        {},
        spec,
        priority=priority,
        owner=subject.owner,
        request_sha256=request_sha256,
    )
    repeated = {
        "subject_id": subject.id,
        "validation_dataset_id": subject.validation_dataset_id,
        "start_from": subject.start_from,
    }
    others = (subject.validation_dataset_id, (spec.get("test") or {}).get("dataset_id"))
    used = [dataset_id for dataset_id in others if dataset_id is not None]
    return add_job(session, new, {**repeated, **columns}, used)


def lock_subject(session: Session, subject_id: str) -> None:
    """Lock the row of a training until the commit, so that requests about it follow each other."""
    session.execute(select(jobs.c.id).where(jobs.c.id == subject_id).with_for_update())


def list_jobs_about(
    session: Session, kind: str, subject_id: str | None, request: PageRequest
) -> Page[JobRecord]:
    """Return one page of the jobs of this kind, about one training or all, newest first."""
    # A subquery, because SQLite would read all jobs in the order of their ids otherwise, and not
    # the index of subjects, which has only jobs about trainings.
    other = jobs.alias("about")
    subject = other.c.subject_id
    is_meant = subject.is_not(None) if subject_id is None else subject == subject_id
    found = select(other.c.id).where(other.c.kind == kind, is_meant)
    query = select(jobs).where(jobs.c.id.in_(found))
    return fetch_page(session, query, jobs.c.id, request).map(job_from_row)
