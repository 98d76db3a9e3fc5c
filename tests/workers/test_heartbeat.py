"""The heartbeat thread survives every database error."""

from sqlalchemy import text

from store.db.database import Database
from store.jobs.claims import claim_job
from store.jobs.leases import Lease
from store.settings import Settings
from store.statuses import KINDS, JobStatus
from tests.waiting import wait_for
from tests.workers.conftest import Post
from workers.heartbeat import Heartbeat


def rename_table(database: Database, name: str, new_name: str) -> None:
    with database.writing() as session:
        session.execute(text(f"ALTER TABLE {name} RENAME TO {new_name}"))


def test_heartbeat_continues_after_an_unexpected_error(
    settings: Settings, database: Database, post: Post
) -> None:
    post()
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert job is not None
    brief = settings.model_copy(update={"watch_seconds": 0.005, "lease_seconds": 0.05})
    with Heartbeat(database, Lease(job.id, job.token), brief) as heartbeat:
        rename_table(database, "jobs", "elsewhere")
        wait_for(lambda: heartbeat.interrupted)
        assert not heartbeat.lost
        rename_table(database, "elsewhere", "jobs")
        wait_for(lambda: not heartbeat.interrupted)
        assert heartbeat.wanted is JobStatus.RUNNING
