"""Jobs of another version: later ones are left alone, earlier ones follow their checkpoints."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from engine.errors import LaterVersionError
from engine.stored import versions
from engine.stored.versions import SPEC_VERSION, Upgrade
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import jobs
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job, pause_job, resume_job, retry_job
from store.jobs.dispatch import list_later_version_jobs, list_undispatched_jobs
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.finish import finish_training
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.models import NewModel, get_model
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason

Post = Callable[..., JobRecord]
LATER, EARLIER = SPEC_VERSION + 1, SPEC_VERSION - 1


def claim(database: Database) -> JobRecord | None:
    with database.writing() as session:
        return claim_job(session, "w", 20, 3, kinds=KINDS)


def change(database: Database, job_id: str, **values: object) -> None:
    with database.writing() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


@pytest.fixture
def later(database: Database, post: Post) -> JobRecord:
    """A queued job of a later version, before all others in the queue."""
    job = post(priority=9)
    change(database, job.id, spec_version=LATER, spec={"rounds": 2})
    return job


def test_new_job_has_the_current_version(post: Post) -> None:
    assert post().spec_version == SPEC_VERSION


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING])
def test_job_of_a_later_version_is_neither_claimed_nor_dispatched(
    database: Database, post: Post, later: JobRecord, status: JobStatus
) -> None:
    lease = None if status is JobStatus.QUEUED else shifted(-1)
    change(database, later.id, status=status, lease_expires_at=lease)
    other = post()
    with database.reading() as session:
        assert list_undispatched_jobs(session, KINDS, -60, 10) == (other.id,)
        assert list_later_version_jobs(session, KINDS) == {later.id: LATER}
        before = get_job(session, later.id, TRAINING)
    found = claim(database)
    assert found is not None
    assert found.id == other.id
    assert claim(database) is None
    with database.reading() as session:
        assert get_job(session, later.id, TRAINING) == before


def test_only_waiting_jobs_of_a_later_version_are_listed(
    database: Database, later: JobRecord
) -> None:
    # Another, later worker holds it.
    change(database, later.id, status=JobStatus.RUNNING, lease_expires_at=shifted(60))
    with database.reading() as session:
        assert list_later_version_jobs(session, KINDS) == {}


@pytest.mark.parametrize(
    ("status", "command"), [(JobStatus.PAUSED, resume_job), (JobStatus.FAILED, retry_job)]
)
def test_job_of_a_later_version_is_not_queued_again(
    database: Database, later: JobRecord, status: JobStatus, command: Callable[..., JobRecord]
) -> None:
    change(database, later.id, status=status)
    options = {"from_start": True} if command is retry_job else {}
    with (
        pytest.raises(LaterVersionError, match=f"version {LATER};.*up to {SPEC_VERSION}"),
        database.writing() as session,
    ):
        command(session, later.id, TRAINING, **options)
    with database.reading() as session:
        assert get_job(session, later.id, TRAINING).status is status


def test_job_of_a_later_version_can_be_paused_and_cancelled(
    database: Database, later: JobRecord
) -> None:
    with database.writing() as session:
        assert pause_job(session, later.id, TRAINING).status is JobStatus.PAUSED
        assert cancel_job(session, later.id, TRAINING).status is JobStatus.CANCELLED


@pytest.fixture
def earlier(
    database: Database, post: Post, monkeypatch: pytest.MonkeyPatch
) -> tuple[JobRecord, Lease]:
    """A claimed job of the version before, which called the epochs rounds."""
    upgrade = Upgrade(spec=lambda values: {"epochs": values["rounds"]})
    monkeypatch.setitem(versions.UPGRADES, EARLIER, upgrade)
    change(database, post().id, spec_version=EARLIER, spec={"rounds": 2})
    job = claim(database)
    assert job is not None
    return job, Lease(job.id, job.token)


def test_first_checkpoint_makes_a_job_unreadable_for_the_version_before(
    database: Database, earlier: tuple[JobRecord, Lease]
) -> None:
    job, lease = earlier
    with database.writing() as session:
        reported = record_training_progress(session, lease, TrainingProgress(steps=1), [])
        assert (reported.spec, reported.spec_version) == (job.spec, EARLIER)
        saved = TrainingCheckpoint(2, {}, b"state")
        progress = TrainingProgress(steps=2)
        reported = record_training_progress(session, lease, progress, [], saved)
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING) == reported
    assert (reported.spec, reported.spec_version) == ({"epochs": 2}, SPEC_VERSION)


def test_model_of_an_earlier_job_is_stored_in_the_current_version(
    database: Database, earlier: tuple[JobRecord, Lease]
) -> None:
    _, lease = earlier
    model = NewModel({}, {}, 1, b"weights")
    outcome = Outcome(JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    with database.writing() as session:
        job = finish_training(session, lease, outcome, model)
        found = get_model(session, str(job.model_id))
    assert (found.spec, found.spec_version) == ({"epochs": 2}, SPEC_VERSION)
