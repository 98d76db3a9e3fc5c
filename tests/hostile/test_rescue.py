"""Children of a worker that are killed at their start: the parent and the other child go on."""

from pathlib import Path

import psutil
import pytest

from tests.chaos.fleet import fleet
from tests.chaos.processes import Process
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

STARTS = 2
KILLS = 4


class _Worker:
    """A worker with two children, of which some have been killed."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.killed: set[int] = set()

    def children(self) -> set[int]:
        """Return the pids of the children that were not killed; the worker must run."""
        assert self.process.is_running, self.process.read_log()
        found = {child.pid for child in psutil.Process(self.process.pid).children()}
        return found - self.killed

    def kill(self, pid: int) -> None:
        """Kill a child."""
        self.killed.add(pid)
        psutil.Process(pid).kill()

    def kill_next(self, known: set[int]) -> None:
        """Kill the next child that is not known, as soon as it appears."""
        wait_for(lambda: self.children() - known, every=0.001)
        self.kill(min(self.children() - known))


def test_a_child_killed_at_its_start_takes_neither_the_parent_nor_its_sibling(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, "sqlite") as ships:
        for number in range(STARTS):
            process = ships.start_worker(f"w{number}", children=2)
            worker = _Worker(process)
            # The first child of a pool that is being made.
            worker.kill_next(set())
            ships.wait_until_ready(process)
            wait_for(lambda: len(worker.children()) == 2)  # noqa: B023 - called in this round
            for _ in range(KILLS):
                sibling, victim = sorted(worker.children())
                worker.kill(victim)
                # Its replacement, before it has opened the database.
                worker.kill_next({sibling})
                wait_for(lambda: len(worker.children()) == 2)  # noqa: B023
                assert sibling in worker.children()
            assert process.stop() == 0, process.read_log()
