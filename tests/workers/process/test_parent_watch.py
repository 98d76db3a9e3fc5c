"""A worker's child whose parent is killed, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_for

# The parent prints the pid of its child; then both sleep.
FAMILY = """
import os, sys, time
from pathlib import Path
from workers.process.parent_watch import watch_parent
from workers.process.shutdown import ShutdownFlag

folder, slice_ends = Path(sys.argv[1]), sys.argv[2] == "ends"
shutdown = ShutdownFlag()
parent = os.getpid()
child = os.fork()
if child == 0:
    def is_busy():
        if shutdown.is_set():
            (folder / "notified").touch()
        return not (slice_ends and shutdown.is_set())
    watch_parent(shutdown, is_busy, parent, poll_seconds=0.05, grace_seconds=0.5)
else:
    print(child, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("slice", ["ends", "hangs"])
def test_child_of_a_killed_parent_is_notified_and_exits(tmp_path: Path, slice: str) -> None:  # noqa: A002
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY, str(tmp_path), slice],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
    assert (tmp_path / "notified").exists()


def test_child_of_a_living_parent_keeps_running(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY, str(tmp_path), "hangs"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        with pytest.raises(psutil.TimeoutExpired):
            child.wait(0.3)
        assert not (tmp_path / "notified").exists()
        child.kill()
        parent.kill()
