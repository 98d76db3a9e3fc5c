"""Findings of a job: what its owner should know about spec, data and result.

Each is kept in the job's row, and is an event of type `finding`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from engine.findings import Finding
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job


def new_findings(job: JobRecord, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that the job does not have yet, one per code and pointer."""
    known = {(finding["code"], finding["pointer"]) for finding in job.findings}
    return list({f.key: f for f in reversed(list(findings)) if f.key not in known}.values())[::-1]


def add_findings(session: Session, lease: Lease, findings: Sequence[Finding]) -> JobRecord:
    """Add the findings that the job does not have yet, under the lease. Raises LeaseLostError.

    A rescued job, which repeats its work, does not repeat them.
    """
    job = update_held_job(session, lease)
    added = [asdict(finding) for finding in new_findings(job, findings)]
    if not added:
        return job
    for finding in added:
        add_event(session, job.id, "finding", finding, finding["level"])
    return update_held_job(session, lease, {"findings": [*job.findings, *added]})
