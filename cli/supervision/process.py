"""A program that the supervisor keeps running, and its process of the moment."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# Who has lived so long is well: its next death is a first one again.
STEADY_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_STDERR = 2


@dataclass(frozen=True)
class Program:
    """What to run, and how it ends."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    pass_fds: tuple[int, ...] = ()
    # Stopped after all others, because they talk to it until they end.
    is_last: bool = False
    grace_seconds: float = 5.0


class Child:
    """A program's process, in a session of its own, which dies with the supervisor."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.deaths = 0
        self.starts_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process, also one whose end was not seen yet."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; what it prints goes to our stderr."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self.program.command,
            env=self.program.environment,
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            pass_fds=self.program.pass_fds,
            start_new_session=True,
            preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - the supervisor has a single thread
        )

    def find_end(self) -> str | None:
        """How the process ended, once; None while it runs. Whatever it left behind is killed."""
        if self._process is None or not _has_ended(self._process.pid):
            return None
        # Not reaped yet, it keeps the group's number from being another's.
        self.kill()
        return self.reap()

    def reap(self) -> str:
        """Wait for the end of the process, and say how it ended."""
        code = 0 if self._process is None else self._process.wait()
        self._process = None
        return f"signal {-code}" if code < 0 else f"status {code}"

    def plan_restart(self) -> float:
        """Choose when to start again, and say in how many seconds."""
        now = time.monotonic()
        self.deaths = 1 if now - self._started_at >= STEADY_SECONDS else self.deaths + 1
        delay = min(FIRST_DELAY_SECONDS * 2.0 ** (self.deaths - 1), LONGEST_DELAY_SECONDS)
        self.starts_at = now + delay
        return delay

    def terminate(self) -> None:
        """Ask the process to end; it tells its own children."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process and all of its session's."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def tie_to_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a new process does first, so that even a killed parent leaves nobody behind."""
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where little is allowed

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return tie
