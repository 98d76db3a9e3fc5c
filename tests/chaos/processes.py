"""A process that a chaos suite may kill, in its own session, with its log in a file.

Only processes started here are signalled: the process itself and the members of its session.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


class Process:
    """One process of a program; a restart is another Process.

    It is reaped only when its session is empty, so that its pid is not reused before.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.started_at = time.monotonic()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
            )
        self.pid = self._process.pid
        self._status: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process itself has not ended."""
        if self._status is not None:
            return False
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def members(self) -> list[int]:
        """Return the pids of all running processes of the session, including orphans."""
        if self._status is not None:
            return []
        return [pid for pid in psutil.pids() if _is_member(pid, self.pid)]

    def children(self) -> list[int]:
        """Return the pids of the running processes of the session except the first."""
        return [pid for pid in self.members() if pid != self.pid]

    def send(self, number: signal.Signals, pid: int | None = None) -> None:
        """Signal the process, or another one of its session; a missing process is ignored."""
        target = self.pid if pid is None else pid
        if self._status is None and _is_member(target, self.pid):
            with suppress(ProcessLookupError):
                os.kill(target, number)

    def kill(self) -> None:
        """Send SIGKILL to the process only, leaving its children as orphans."""
        self.send(signal.SIGKILL)
        wait_for(lambda: not self.is_running)

    def kill_group(self) -> None:
        """Send SIGKILL to the whole session and wait for its end."""
        if self._status is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            for pid in self.members():  # processes in another process group
                self.send(signal.SIGKILL, pid)
            wait_for(lambda: not self.members())
            self.reap()

    def stop(self, seconds: float = 20) -> int:
        """Send SIGTERM, kill after `seconds`, and return the exit status."""
        self.send(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while (self.is_running or self.members()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.kill_group()
        return self.reap()

    def reap(self) -> int:
        """Reap the process, whose session must be empty; return its exit status."""
        if self._status is None:
            self._status = self._process.wait(20)
        return self._status

    def wait(self, seconds: float = 60) -> int:
        """Wait for the process to end by itself; return its exit status (negative: the signal)."""
        wait_for(lambda: not self.is_running, seconds)
        found = None
        if self._status is None:
            found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return self.reap()
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def read_log(self) -> str:
        """Return the output of the process so far."""
        return self.log.read_text(errors="replace")


def _is_member(pid: int, session: int) -> bool:
    try:
        if os.getsid(pid) != session:
            return False
        with (Path("/proc") / str(pid) / "stat").open("rb") as stat:
            # A zombie has ended; only its pid remains.
            return stat.read().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except OSError:
        return False
