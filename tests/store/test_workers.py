"""Registry of live workers: announced by child processes, deleted when lost."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import insert

from store.db.clock import now
from store.db.database import Database
from store.db.tables import workers
from store.workers import (
    announce_worker,
    delete_lost_workers,
    find_live_environments,
    list_live_workers,
    retire_worker,
)
from tests.store.conftest import transaction_waits
from tests.waiting import wait_for

ENVIRONMENT = {"numerics": 1, "blas_kernel": "Haswell"}


def announce(database: Database, name: str) -> None:
    with database.writing() as session:
        announce_worker(session, name, ENVIRONMENT)


def live(database: Database) -> tuple[str, ...]:
    with database.reading() as session:
        return list_live_workers(session, within_seconds=60)


def test_announced_worker_is_alive_until_it_retires(database: Database) -> None:
    announce(database, "b")
    announce(database, "a")
    announce(database, "a")
    assert live(database) == ("a", "b")
    with database.writing() as session:
        retire_worker(session, "a")
    assert live(database) == ("b",)


def test_child_processes_may_announce_their_worker_concurrently(database: Database) -> None:
    with ThreadPoolExecutor(1) as sibling:
        with database.writing() as session:
            announce_worker(session, "a", ENVIRONMENT)
            announced = sibling.submit(announce, database, "a")
            wait_for(lambda: transaction_waits(database))
        announced.result()
    assert live(database) == ("a",)


def test_environment_is_the_last_one_announced(database: Database) -> None:
    announce(database, "a")
    with database.writing() as session:
        announce_worker(session, "a", {"numerics": 2})
        # A worker of an earlier version does not record it.
        session.execute(insert(workers).values(name="old", started_at=now(), seen_at=now()))
    with database.reading() as session:
        assert find_live_environments(session, 60) == {"a": {"numerics": 2}, "old": None}


def test_worker_not_seen_for_long_is_deleted(database: Database) -> None:
    announce(database, "a")
    with database.writing() as session:
        delete_lost_workers(session, after_seconds=60)
    assert live(database) == ("a",)
    with database.writing() as session:
        delete_lost_workers(session, after_seconds=-60)
    assert live(database) == ()
