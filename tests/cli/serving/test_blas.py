"""The restart of `backpropd api` with the workers' BLAS variables: at most once."""

import os
import subprocess
import sys

import pytest

from cli.serving.blas import RESTARTED, restart_with_worker_blas
from workers.process.blas_threads import blas_environment

Restart = tuple[str, list[str], dict[str, str]]


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[Restart]:
    """Record the restarts instead of performing them, from an environment of four threads."""
    found: list[Restart] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: found.append(arguments))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", "cli", "api", "--fd", "7"])
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    for name in blas_environment():
        monkeypatch.setenv(name, "4")
    return found


def test_command_line_is_kept_and_threads_are_set(restarts: list[Restart]) -> None:
    restart_with_worker_blas()
    ((path, command, environment),) = restarts
    assert path == command[0] == sys.executable
    assert command[1:] == ["-X", "dev", "-m", "cli", "api", "--fd", "7"]
    assert environment == {**os.environ, **blas_environment(), RESTARTED: str(os.getpid())}


def test_kernel_of_the_operator_is_kept(
    restarts: list[Restart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    restart_with_worker_blas()
    assert restarts[0][2]["OPENBLAS_CORETYPE"] == "Haswell"


def test_equal_environment_needs_no_restart(
    restarts: list[Restart], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in blas_environment().items():
        monkeypatch.setenv(name, value)
    restart_with_worker_blas()
    assert restarts == []


@pytest.mark.parametrize("is_child", [False, True])
def test_restarted_process_is_not_restarted_again_but_its_child_is(
    restarts: list[Restart], monkeypatch: pytest.MonkeyPatch, is_child: bool
) -> None:
    # A child process inherits the variable, with the pid of its parent.
    monkeypatch.setenv(RESTARTED, str(os.getppid() if is_child else os.getpid()))
    restart_with_worker_blas()
    assert bool(restarts) is is_child
    assert RESTARTED not in os.environ


def test_start_that_overrides_the_variables_does_not_loop() -> None:
    code = (
        "import os; os.environ['OPENBLAS_NUM_THREADS'] = '4'; print(os.getpid(), flush=True);"
        "from cli.serving.blas import restart_with_worker_blas; restart_with_worker_blas();"
        "print('served')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    first, second, last = answer.stdout.split()
    assert (first, last) == (second, "served")


def test_decision_is_made_before_numpy_is_loaded() -> None:
    code = "import sys, cli.main, cli.serving.blas; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
