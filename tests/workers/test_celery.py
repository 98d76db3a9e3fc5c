"""Real Celery workers over a real Redis and over the filesystem transport, on both databases."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from store.broker import Broker
from store.db.database import Database
from store.db.migrate import upgrade
from store.errors import StoreUnavailableError
from store.jobs.jobs import JobRecord, get_job
from store.models import get_model
from store.settings import Settings, load_settings
from store.statuses import TRAINING, JobStatus, StatusReason
from store.workers import list_live_workers
from tests.training import train_waiting_jobs
from tests.waiting import wait_for
from tests.workers.conftest import Find, Post
from workers.process.blas_threads import blas_environment
from workers.process.launch import worker_command


@pytest.fixture(
    params=[
        "redis and postgresql",
        pytest.param("filesystem and sqlite", marks=pytest.mark.rare),
    ]
)
def pair(request: pytest.FixtureRequest) -> str:
    """Broker and database; two of the four pairs, because each one starts processes."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, pair: str, tmp_path: Path) -> str:
    if pair.endswith("postgresql"):
        return str(request.getfixturevalue("postgres_database_url"))
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
def broker_url(request: pytest.FixtureRequest, pair: str, tmp_path: Path) -> str:
    if pair.startswith("redis"):
        # One Redis database per test, so that no test receives messages of another one.
        url: str = request.getfixturevalue("redis_url")
        return f"{url}?virtual_host={hash(str(tmp_path)) % 15 + 1}"
    for name in ("messages", "control"):
        (tmp_path / "queue" / name).mkdir(parents=True)
    return f"filesystem://{tmp_path / 'queue'}"


@pytest.fixture
def settings(tmp_path: Path, broker_url: str, database_url: str) -> Settings:
    upgrade(database_url)
    return load_settings(
        data_dir=tmp_path,
        database_url=database_url,
        broker_url=broker_url,
        sweep_seconds=0.5,
        redispatch_seconds=0.5,
        watch_seconds=0.05,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


@contextmanager
def worker(settings: Settings, name: str = "w1") -> Iterator[subprocess.Popen[bytes]]:
    """A worker process with one child, stopped by SIGTERM."""
    process = subprocess.Popen(
        worker_command(1, name),
        env={**os.environ, **settings.environment(), **blas_environment()},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def status_is(database: Database, job_id: str, status: JobStatus) -> Callable[[], bool]:
    def check() -> bool:
        with database.reading() as session:
            return get_job(session, job_id, TRAINING).status is status

    return check


def test_published_job_is_trained_and_the_worker_exits_cleanly(
    settings: Settings, database: Database, post: Post
) -> None:
    job = post()
    with worker(settings) as process:
        broker = Broker(str(settings.broker_url))
        broker.publish()
        broker.close()
        wait_for(status_is(database, job.id, JobStatus.SUCCEEDED))
        with database.reading() as session:
            assert list_live_workers(session, 60) == ("w1",)
    assert process.returncode == 0
    with database.reading() as session:
        assert list_live_workers(session, 60) == ()


def test_unpublished_job_is_found_by_the_sweep(
    settings: Settings, database: Database, post: Post
) -> None:
    job = post()
    with worker(settings):
        wait_for(status_is(database, job.id, JobStatus.SUCCEEDED))


def artifact_of(database: Database, job: JobRecord) -> str:
    with database.reading() as session:
        return get_model(session, str(job.model_id)).artifact


@pytest.fixture(scope="module")
def whole() -> list[str]:
    """The artifact of the job that is not cut, once it is trained: the same on every database."""
    return []


def test_job_cut_by_sigterm_goes_on_exactly_in_the_next_worker(
    settings: Settings, database: Database, post: Post, find: Find, whole: list[str]
) -> None:
    if not whole:
        uncut = post(epochs=1000)
        train_waiting_jobs(settings)
        whole.append(artifact_of(database, find(uncut.id)))
    moved = post(epochs=1000)
    with worker(settings, "first") as process:
        wait_for(lambda: find(moved.id).epoch > 0)
        process.terminate()
        process.wait(60)
    left = find(moved.id)
    assert (left.status, left.lease_expires_at) == (JobStatus.RUNNING, None)
    with worker(settings, "second"):
        wait_for(status_is(database, moved.id, JobStatus.SUCCEEDED))
    assert find(moved.id).attempt == 1
    assert [artifact_of(database, find(moved.id))] == whole


def test_broker_that_is_away_is_named(tmp_path: Path) -> None:
    broker = Broker(f"redis+socket://{tmp_path}/none.sock")
    with pytest.raises(StoreUnavailableError):
        broker.publish()
    with pytest.raises(StoreUnavailableError):
        broker.ping()


def test_brokers_answer_a_ping(broker_url: str) -> None:
    broker = Broker(broker_url)
    broker.ping()
    assert broker.kind in {"redis", "filesystem"}


def children_of(pid: int) -> list[int]:
    """Return the child processes of a Celery worker, without those that have ended."""
    found = psutil.Process(pid).children()
    return [child.pid for child in found if child.status() != psutil.STATUS_ZOMBIE]


def oom_score_adj(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


@pytest.mark.rare
def test_job_beyond_the_memory_limit_costs_no_process(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    limited = settings.model_copy(update={"max_job_memory_bytes": 2**24})
    layers = [{"type": "dense", "units": 3000}, {"type": "dense", "units": 3000}]
    large = post(network={"layers": layers}, dtype="float64", epochs=1)
    with worker(limited) as process:
        wait_for(status_is(database, large.id, JobStatus.FAILED))
        assert find(large.id).status_reason is StatusReason.OUT_OF_MEMORY
        [child] = children_of(process.pid)
        small = post()
        wait_for(status_is(database, small.id, JobStatus.SUCCEEDED))
        assert children_of(process.pid) == [child]
        # The kernel ends the child before the parent.
        assert oom_score_adj(child) >= oom_score_adj(process.pid) + 100
        assert find(large.id).attempt == 1
