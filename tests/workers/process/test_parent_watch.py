"""A worker's child whose parent is killed, as real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_for

# The parent tells its child's number, and both wait for ever.
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
            (folder / "told").touch()
        return not (slice_ends and shutdown.is_set())
    watch_parent(shutdown, is_busy, parent, look_seconds=0.05, grace_seconds=0.5)
else:
    print(child, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("slice", ["ends", "hangs"])
def test_child_whose_parent_is_killed_is_told_and_ends(tmp_path: Path, slice: str) -> None:  # noqa: A002
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
    assert (tmp_path / "told").exists()


def test_child_whose_parent_lives_goes_on(tmp_path: Path) -> None:
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
        assert not (tmp_path / "told").exists()
        child.kill()
        parent.kill()
