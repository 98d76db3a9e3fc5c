"""The database triggers detect every forbidden write and no permitted one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from store.datasets.datasets import Contents, publish_dataset, receive_dataset
from store.db.database import Database
from store.db.tables import jobs, losses, metadata
from store.jobs.claims import claim_job
from store.jobs.training.new_training import NewTraining, add_training
from store.statuses import KINDS
from tests.chaos.witness import install_witness, list_violations
from tests.store.conftest import COLUMN
from tests.work.counting_store import create_tables

HOLDER = "holder"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the tables only, which is faster than migrating."""
    url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database_url")
    database = Database(url)
    metadata.create_all(database.engine)
    create_tables(database.engine)
    yield database
    database.close()


@pytest.fixture
def job_id(database: Database) -> str:
    """A job held by the worker `holder`, with the triggers installed."""
    install_witness(database)
    with database.writing() as session:
        dataset_id = receive_dataset(session, "points")
        publish_dataset(session, dataset_id, Contents(3, 12, "a" * 64, (COLUMN,)))
        job = add_training(session, NewTraining(dataset_id, "job", {}, {"epochs": 2}))
        assert claim_job(session, HOLDER, 20, 3, kinds=KINDS) is not None
    return job.id


def write_loss(session: Session, job_id: str, writer: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL application_name TO '{writer}'"))
    row = {"loss": 1.0, "metrics": {}, "learning_rate": 0.1, "gradient_norm": 1.0, "seconds": 0.1}
    session.execute(insert(losses).values(job_id=job_id, epoch=0, **row))


def test_holder_may_write(database: Database, job_id: str) -> None:
    with database.writing() as session:
        write_loss(session, job_id, HOLDER)
    assert list_violations(database) == []


def test_write_to_a_job_without_a_holder_is_detected(database: Database, job_id: str) -> None:
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=None))
        write_loss(session, job_id, HOLDER)
    assert len(list_violations(database)) == 1


def test_write_of_another_worker_is_detected_on_postgresql(database: Database, job_id: str) -> None:
    with database.writing() as session:
        write_loss(session, job_id, "stale")
    # SQLite does not record the writer.
    seen = database.engine.dialect.name == "postgresql"
    assert len(list_violations(database)) == int(seen)


def test_transition_out_of_a_terminal_state_is_detected(database: Database, job_id: str) -> None:
    for status in ("succeeded", "running"):
        with database.writing() as session:
            session.execute(update(jobs).where(jobs.c.id == job_id).values(status=status))
    assert list_violations(database) == [f"ended or back: {job_id}: succeeded 1 became running 1"]


def test_decreasing_token_is_detected(database: Database, job_id: str) -> None:
    with database.writing() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(token=0))
    assert len(list_violations(database)) == 1
