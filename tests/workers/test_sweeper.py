"""Single sweeps, without waiting for the timer."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import update

from store.blobs.blobs import open_blobs
from store.datasets.datasets import DatasetRecord, receive_dataset, share_dataset
from store.datasets.deletion import delete_dataset
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import datasets, jobs, uploads
from store.errors import StoreUnavailableError
from store.jobs.claims import claim_job
from store.settings import Settings
from store.statuses import KINDS, JobStatus
from store.uploads import UploadPart, add_part, add_upload
from store.workers import find_live_environments
from tests.workers.conftest import Find, Post
from workers.sweep.sweeper import Sweeper

ENVIRONMENT = {"blas_kernel": "Haswell"}


@dataclass
class FakeBroker:
    """Counts published messages, or fails."""

    published: int = 0
    broken: bool = False

    def publish(self, times: int = 1) -> None:
        if self.broken:
            raise StoreUnavailableError("broker: silent")
        self.published += times


@dataclass
class Sweeping:
    """A sweeper of a worker child that may be busy."""

    sweeper: Sweeper = field(init=False)
    broker: FakeBroker = field(default_factory=FakeBroker)
    idle: bool = True


@pytest.fixture
def sweeping(database: Database, settings: Settings) -> Sweeping:
    sweeping = Sweeping()
    sweeping.sweeper = Sweeper(
        database,
        open_blobs(settings),
        sweeping.broker,  # type: ignore[arg-type]
        settings,
        "w1",
        ENVIRONMENT,
        lambda: sweeping.idle,
        KINDS,
    )
    return sweeping


def test_sweep_publishes_jobs_that_were_never_published(
    sweeping: Sweeping, post: Post, find: Find
) -> None:
    waiting = [post(), post()]
    sweeping.sweeper.sweep(-1)
    assert sweeping.broker.published == 2
    assert all(find(job.id).dispatched_at is not None for job in waiting)


def test_recently_dispatched_job_is_not_published_again(sweeping: Sweeping, post: Post) -> None:
    post()
    sweeping.sweeper.sweep(60)
    assert sweeping.broker.published == 0


def test_busy_child_publishes_nothing(sweeping: Sweeping, post: Post) -> None:
    post()
    sweeping.idle = False
    sweeping.sweeper.sweep(-1)
    assert sweeping.broker.published == 0


def test_publishing_is_retried_after_a_broker_failure(
    sweeping: Sweeping, post: Post, find: Find
) -> None:
    job = post()
    sweeping.broker.broken = True
    with pytest.raises(StoreUnavailableError):
        sweeping.sweeper.sweep(-1)
    assert find(job.id).dispatched_at is None
    sweeping.broker.broken = False
    sweeping.sweeper.sweep(-1)
    assert sweeping.broker.published == 1


def test_sweep_fails_a_job_that_kills_its_workers(
    sweeping: Sweeping, database: Database, post: Post, find: Find
) -> None:
    job = post()
    for _ in range(3):
        with database.writing() as session:
            claim_job(session, "w", 20, 3, kinds=KINDS)
            session.execute(update(jobs).values(lease_expires_at=shifted(-1)))
    sweeping.sweeper.sweep(-1)
    assert find(job.id).status is JobStatus.FAILED


def test_sweep_announces_the_worker_once(sweeping: Sweeping, database: Database) -> None:
    sweeping.sweeper.sweep(-1)
    sweeping.sweeper.sweep(-1)
    with database.reading() as session:
        assert find_live_environments(session, within_seconds=60) == {"w1": ENVIRONMENT}
        assert find_live_environments(session, within_seconds=-60) == {}


def test_sweep_deletes_an_upload_that_was_cut_off(sweeping: Sweeping, database: Database) -> None:
    with database.writing() as session:
        receive_dataset(session, "young")
        receive_dataset(session, "old")
        session.execute(
            update(datasets).where(datasets.c.name == "old").values(created_at=shifted(-7200))
        )
    sweeping.sweeper.sweep(-1)
    with database.reading() as session:
        assert session.execute(datasets.select()).one().name == "young"


def test_sweep_keeps_a_blob_that_another_dataset_shares(
    sweeping: Sweeping, database: Database, settings: Settings, dataset: DatasetRecord
) -> None:
    with database.writing() as session:
        session.execute(update(datasets).values(fingerprint="f"))
        twin = share_dataset(session, "twin", "f")
        assert twin is not None
        delete_dataset(session, dataset.id)
        session.execute(
            update(datasets).where(datasets.c.id == dataset.id).values(created_at=shifted(-7200))
        )
    sweeping.sweeper.sweep(-1)
    with database.reading() as session:
        assert session.execute(datasets.select()).one().id == twin.id
    with open_blobs(settings).hold_path(twin.blob) as path:
        assert path.exists()


def test_sweep_deletes_expired_uploads_with_their_bytes(
    sweeping: Sweeping, database: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(b"xxx")
    blobs = open_blobs(settings)
    with database.writing() as session:
        young, old = (add_upload(session, 5, {}, seconds) for seconds in (60, 60))
        for upload in (young, old):
            blob = f"uploads/{upload.id}/0"
            blobs.put_blob(blob, tmp_path / "part")
            add_part(session, upload.id, UploadPart(0, 3, blob), 60)
        blobs.put_blob(f"uploads/{old.id}/unrecorded", tmp_path / "part")
        session.execute(
            update(uploads).where(uploads.c.id == old.id).values(expires_at=shifted(-1))
        )
    sweeping.sweeper.sweep(-1)
    with database.reading() as session:
        assert session.execute(uploads.select()).one().id == young.id
    assert blobs.list_blobs("uploads") == [f"uploads/{young.id}/0"]
