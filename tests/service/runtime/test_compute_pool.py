"""Computations of requests run in child processes, and fail as they do here."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.errors import SpecError
from service.http.compute_errors import (
    ComputationFailedError,
    ComputeBusyError,
    ComputeMemoryError,
    ComputeStoppedError,
    ComputeTimeoutError,
)
from service.runtime import compute_child
from service.runtime.compute_pool import MAX_WAITING, ComputePool
from store.environment import environment_fingerprint
from store.errors import NotFoundError
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.servers import ROOT
from tests.service.runtime import computations
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("data"))
    make_schema(settings.database_url)
    return settings


@pytest.fixture(scope="module")
def pool(settings: Settings) -> Iterator[ComputePool]:
    """A pool of one process for all tests of this module, as processes take a second to start."""
    pool = ComputePool(settings, [computations.__name__], max_processes=1)
    yield pool
    pool.stop()
    assert children() == []


def children() -> list[int]:
    """Return the pids of this process's children that compute; it may have servers as well."""
    own = (child for child in psutil.Process().children() if child.status() != "zombie")
    return [child.pid for child in own if "spawn_main" in " ".join(child.cmdline())]


def run(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines at once, and return their results and exceptions."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*work, return_exceptions=True)

    return asyncio.run(gather())


def pid_in(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_a_result_comes_from_a_process_with_resources_of_its_own(pool: ComputePool) -> None:
    [(pid, total), first, second] = run(
        pool.run(computations.add, 2, 3),
        pool.run(computations.describe),
        pool.run(computations.describe),
    )
    assert total == 5
    assert pid != os.getpid()
    assert [first["pid"], second["pid"]] == [pid, pid]
    assert first["id"] == second["id"]
    assert first["environment"] == environment_fingerprint()


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("missing", NotFoundError),
        ("invalid", SpecError),
        ("memory", ComputeMemoryError),
        ("unknown", ComputationFailedError),
        pytest.param("crash", ComputationFailedError, marks=pytest.mark.rare),
    ],
)
def test_exceptions_arrive_as_they_are(pool: ComputePool, how: str, kind: type[Exception]) -> None:
    [error, (_, total)] = run(pool.run(computations.fail, how), pool.run(computations.add, 1, 1))
    assert type(error) is kind
    # The pool goes on.
    assert total == 2
    if isinstance(error, NotFoundError):
        assert (error.noun, str(error)) == ("job", "no job with id job_1: it is a model")
    if isinstance(error, SpecError):
        assert (error.problems[0].pointer, error.is_complete) == ("/loss", False)


def test_an_exception_of_no_known_kind_is_logged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compute_child, "_process", compute_child._Process(settings))
    failure = compute_child.call(computations.fail, ("unknown",))
    assert isinstance(failure.rebuild(), ComputationFailedError)
    assert "KeyError: 'unknown'" in caplog.text


def test_a_call_that_takes_too_long_is_ended(pool: ComputePool, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    [error] = run(pool.run(computations.sleep, str(path), 60.0, seconds=0.1))
    assert isinstance(error, ComputeTimeoutError)
    assert str(error).startswith("the computation took longer than 0.1 s and was stopped: ask for")
    wait_for(lambda: not psutil.pid_exists(pid_in(path)))


@pytest.mark.rare
def test_a_call_is_refused_in_a_service_that_stops(settings: Settings, tmp_path: Path) -> None:
    path, pool = tmp_path / "pid", ComputePool(settings, max_processes=1)

    async def stop() -> None:
        sleeping = asyncio.create_task(pool.run(computations.sleep, str(path), 60.0))
        await asyncio.to_thread(pid_in, path)
        await asyncio.to_thread(pool.stop)
        with pytest.raises(ComputeStoppedError):
            await sleeping

    asyncio.run(stop())


@pytest.mark.rare
def test_a_cancelled_call_goes_on_and_calls_beyond_the_queue_are_refused(
    pool: ComputePool, tmp_path: Path
) -> None:
    path = tmp_path / "pid"

    async def cancel() -> list[Any]:
        sleeping = asyncio.create_task(pool.run(computations.sleep, str(path), 1.0))
        await asyncio.to_thread(pid_in, path)
        waiting = [
            asyncio.create_task(pool.run(computations.add, 1, n)) for n in range(MAX_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ComputeBusyError):
            await pool.run(computations.add, 1, 1)
        sleeping.cancel()
        waiting[-1].cancel()
        return await asyncio.gather(*waiting, return_exceptions=True)

    *found, cancelled = asyncio.run(cancel())
    assert [total for _, total in found] == [1 + n for n in range(MAX_WAITING - 1)]
    assert isinstance(cancelled, asyncio.CancelledError)
    assert {pid for pid, _ in found} == {pid_in(path)}


def test_calls_that_wait_are_not_in_the_pool_where_their_end_would_cost_a_process(
    pool: ComputePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scheduled = tmp_path / "pid", []

    async def abandon() -> list[Any]:
        await pool.run(computations.add, 1, 1)
        assert pool._pool is not None
        schedule = pool._pool.schedule

        def count(*args: Any, **kwargs: Any) -> Any:
            scheduled.append(args)
            return schedule(*args, **kwargs)

        monkeypatch.setattr(pool._pool, "schedule", count)
        sleeping: asyncio.Task[Any] = asyncio.create_task(
            pool.run(computations.sleep, str(path), 0.3)
        )
        await asyncio.to_thread(pid_in, path)
        calls = [
            sleeping,
            *(asyncio.create_task(pool.run(computations.add, 1, n)) for n in range(4)),
        ]
        await asyncio.sleep(0)
        assert len(scheduled) == 1
        for call in calls[1:4]:
            call.cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    *_, (pid, total) = asyncio.run(abandon())
    assert (pid, total) == (pid_in(path), 4)
    assert len(scheduled) == 2


@pytest.mark.rare
def test_a_pool_whose_idle_process_was_killed_starts_another(pool: ComputePool) -> None:
    [(pid, _)] = run(pool.run(computations.add, 1, 1))
    os.kill(pid, signal.SIGKILL)

    async def add() -> int:
        try:
            return (await pool.run(computations.add, 1, 1))[0]
        except ComputationFailedError:  # the death was noticed only now
            return (await pool.run(computations.add, 1, 1))[0]

    assert asyncio.run(add()) != pid


@pytest.mark.rare
def test_idle_processes_end(settings: Settings) -> None:
    pool = ComputePool(settings, max_processes=1, idle_seconds=0.01)
    before = children()

    async def compute() -> None:
        await pool.run(computations.add, 1, 1)
        await asyncio.to_thread(wait_for, lambda: children() == before)

    asyncio.run(compute())


def test_processes_are_started_before_the_first_call_and_end_without_one(
    settings: Settings,
) -> None:
    pool = ComputePool(settings, max_processes=1, idle_seconds=0.01)
    before = children()

    async def warm_up() -> None:
        await pool.warm_up()
        assert children() != before
        await asyncio.to_thread(wait_for, lambda: children() == before)

    asyncio.run(warm_up())


ORPHANS = """
import asyncio, os, sys
from service.runtime import compute_child
from service.runtime.compute_pool import ComputePool
from store.settings import load_settings
from tests.service.runtime import computations

async def compute():
    pool = ComputePool(load_settings(data_dir=sys.argv[1]))
    await pool.run(computations.add, 1, 1)
    await pool.run(computations.sleep, sys.argv[2], 600.0, seconds=600.0)

if __name__ == "__main__":
    asyncio.run(compute())
"""


@pytest.mark.rare
def test_processes_end_after_their_parent_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script, tmp_path, path], cwd=ROOT, env=environment
    ) as parent:
        wait_for(path.exists, 60)
        family = psutil.Process(parent.pid).children()
        parent.kill()
    assert len(family) >= 2
    wait_for(lambda: not any(child.is_running() for child in family), 60)
