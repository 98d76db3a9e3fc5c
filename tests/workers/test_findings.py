"""Findings of the rows: recorded before the first step, and once although workers change."""

from pathlib import Path

import numpy as np

from store.db.database import Database
from store.jobs.events import EventRecord, read_log
from store.settings import Settings
from store.statuses import TRAINING
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.tables import Values, add_dataset
from tests.workers.test_slices import after_steps
from workers.slices import run_slice

# The sensor has values in the last rows only, which are the validation rows.
SENSOR: dict[str, Values] = {
    "at": np.arange(60.0),
    "x": np.array([n % 7 + 0.5 for n in range(60)]),
    "sensor": np.where(np.arange(60) < 48, np.nan, 1.5),
    "kind": ["ab"[n % 5 % 2] for n in range(60)],
}


def read_events(database: Database, job_id: str) -> list[EventRecord]:
    with database.reading() as session:
        return list(read_log(session, job_id, TRAINING, 0, 100).events)


def test_findings_come_before_the_first_step_and_a_rescue_does_not_repeat_them(
    database: Database, settings: Settings, tmp_path: Path, post: Post, find: Find
) -> None:
    table = add_dataset(database, settings, tmp_path, SENSOR)
    validation = {"fraction": 0.2, "order_by": "at"}
    posted = post(table, features=["x", "sensor"], validation=validation)
    context = open_worker_context(settings)
    after_steps(context, 0, context.shutdown.set)
    assert run_slice(context) is True
    context.database.close()
    begun = find(posted.id)
    assert begun.steps == 0
    assert "never_varies_in_training" in {finding["code"] for finding in begun.findings}
    train_waiting_jobs(settings)
    ended = find(posted.id)
    assert ended.findings[: len(begun.findings)] == begun.findings
    reported = [e.data for e in read_events(database, posted.id) if e.type == "finding"]
    assert reported == ended.findings
    keys = [(finding["code"], finding["pointer"]) for finding in ended.findings]
    assert len(set(keys)) == len(keys)
