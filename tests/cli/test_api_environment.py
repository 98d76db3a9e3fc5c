"""`backpropd api` computes as the workers do, however it is started, and /readyz shows it."""

import platform
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from cli.serving.sockets import listen, url_of
from store.db.database import Database
from store.db.migrate import upgrade
from store.environment import environment_fingerprint
from store.settings import Settings, load_settings
from store.workers import announce_worker
from tests.cli.service import ROOT, clean_environment, command
from tests.servers import BACKPROPD, find_url, running
from tests.waiting import wait_for
from workers.process.blas_threads import THREAD_VARIABLES

CONSOLE_SCRIPT = Path(sys.executable).with_name("backpropd")
needs_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="other processors have other BLAS kernels"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("messages", "control"):
        (tmp_path / "queue" / name).mkdir(parents=True)
    settings = load_settings(data_dir=tmp_path, broker_url=f"filesystem://{tmp_path / 'queue'}")
    upgrade(settings.database_url)
    return settings


@contextmanager
def serving_on(
    listener: socket.socket, start: list[str], settings: Settings, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `backpropd api --fd` on the socket without BLAS variables but these."""
    environment = clean_environment(**settings.environment(), **variables)
    for name in {*THREAD_VARIABLES, "OPENBLAS_CORETYPE"} - variables.keys():
        environment.pop(name, None)
    descriptor = listener.fileno()
    process = subprocess.Popen(
        [*start, "api", "--fd", str(descriptor)],
        cwd=ROOT,
        env=environment,
        pass_fds=(descriptor,),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0


def read_readiness(url: str) -> dict[str, Any]:
    body: dict[str, Any] = httpx2.get(f"{url}/readyz", timeout=60).json()
    return body


@pytest.mark.rare
@pytest.mark.parametrize(
    ("start", "threads"),
    [(command(), {}), ([str(CONSOLE_SCRIPT)], {"OPENBLAS_NUM_THREADS": "4"})],
    ids=["module", "console script"],
)
def test_api_alone_computes_with_one_thread(
    settings: Settings, start: list[str], threads: dict[str, str]
) -> None:
    with listen("127.0.0.1", 0) as listener:
        url = url_of(listener, "127.0.0.1")
        with serving_on(listener, start, settings, **threads) as process:
            found = read_readiness(url)
            assert found["environment"]["blas_threads"] == 1
            assert found["environment"] == found["environment"] | environment_in_child()
            variables = psutil.Process(process.pid).environ()
            assert [variables[name] for name in THREAD_VARIABLES] == ["1", "1", "1"]


def environment_in_child() -> dict[str, Any]:
    """Return the fields of this process's environment that variables do not change."""
    names = ("numerics", "numpy", "libc", "simd", "machine", "blas_version")
    return {name: environment_fingerprint()[name] for name in names}


@needs_x86
def test_threads_are_set_kernel_of_the_operator_is_kept_and_workers_are_compared(
    settings: Settings,
) -> None:
    database = Database(settings.database_url)
    worker = environment_fingerprint() | {"blas_kernel": "Haswell", "blas_threads": 1}
    with database.writing() as session:
        announce_worker(session, "w1", worker)
    database.close()
    with listen("127.0.0.1", 0) as listener:
        url = url_of(listener, "127.0.0.1")
        chosen = {"OPENBLAS_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "SandyBridge"}
        with serving_on(listener, command(), settings, **chosen):
            ready = read_readiness(url)
    assert ready["environment"]["blas_threads"] == 1
    (warning,) = ready["warnings"]
    assert "blas_kernel is Sandybridge in this API process and Haswell in worker w1" in warning


@needs_x86
@pytest.mark.rare
def test_real_worker_on_another_kernel_is_warned_of(settings: Settings, tmp_path: Path) -> None:
    variables = settings.environment()
    worker = [*BACKPROPD, "worker", "--concurrency", "1", "--name", "w1"]
    api = [*BACKPROPD, "api", "--port", "0"]
    with ExitStack() as stack:

        def start(name: str, arguments: list[str], kernel: str) -> Path:
            log = tmp_path / f"{name}.log"
            stack.enter_context(running(arguments, log, **variables, OPENBLAS_CORETYPE=kernel))
            return log

        start("worker", worker, "Haswell")
        pattern = r"listening on (http://\S+)"
        same, other = (
            find_url(start(kernel, api, kernel), pattern) for kernel in ("Haswell", "SandyBridge")
        )
        wait_for(lambda: read_readiness(same)["workers"] == 1, 30)
        assert read_readiness(same)["warnings"] == []
        (warning,) = read_readiness(other)["warnings"]
        assert "OPENBLAS_CORETYPE" in warning
