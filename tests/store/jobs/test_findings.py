"""Findings of a job: each is kept and reported once."""

from dataclasses import replace

import pytest

from engine.findings import Finding, patch
from store.db.database import Database
from store.errors import LeaseLostError
from store.jobs.events import read_log
from store.jobs.findings import add_findings, new_findings
from store.jobs.jobs import get_job
from store.jobs.leases import Lease
from store.statuses import TRAINING
from tests.store.jobs.test_jobs import Post, hold

FIRST = Finding("info", "/task", "numbers_as_classes", "2 values", patch(("add", "/task", "x")))
LEFT_OUT = Finding("warning", "/target", "rows_left_out", "3 rows", epoch=None)
LATE = Finding("warning", "/optimizer/learning_rate", "gradient_not_finite", "null", epoch=7)


def test_findings_of_the_request_come_first_and_each_is_kept_and_reported_once(
    database: Database, post: Post
) -> None:
    job = post(findings=(FIRST,))
    lease = hold(database)
    for found in ([FIRST, LEFT_OUT], [LEFT_OUT], [LEFT_OUT, LATE, replace(LATE, epoch=8)]):
        with database.writing() as session:
            add_findings(session, lease, found)
    with database.reading() as session:
        kept = [Finding(**values) for values in get_job(session, job.id, TRAINING).findings]
        events = read_log(session, job.id, TRAINING, 0, 100).events
    assert kept == [FIRST, LEFT_OUT, LATE]
    reported = [event for event in events if event.type == "finding"]
    assert [Finding(**event.data) for event in reported] == kept
    assert [event.level for event in reported] == ["info", "warning", "warning"]


def test_code_with_another_pointer_is_another_finding(database: Database, post: Post) -> None:
    job = post(findings=(FIRST,))
    other = replace(FIRST, pointer="/features")
    assert new_findings(job, [FIRST, other, other]) == [other]


def test_worker_without_the_lease_adds_no_finding(database: Database, post: Post) -> None:
    job = post()
    lease = hold(database)
    with pytest.raises(LeaseLostError), database.writing() as session:
        add_findings(session, Lease(job.id, lease.token + 1), [LATE])
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING).findings == []
