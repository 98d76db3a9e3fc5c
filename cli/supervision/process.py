"""Programs that the supervisor keeps running, and their current processes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

# The first deaths are followed by a restart at once, the next ones by doubling delays.
DEATHS_WITHOUT_DELAY = 3
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# After this uptime the back-off is reset.
STEADY_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_STDERR = 2


@dataclass(frozen=True)
class Program:
    """Command, environment and shutdown behaviour of a supervised program."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    pass_fds: tuple[int, ...] = ()
    # Stopped after the other programs, which use it until they end.
    is_last: bool = False
    grace_seconds: float = 5.0


class Child:
    """The process of a program, in its own session; it is killed if the supervisor dies."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.deaths = 0
        self.starts_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not been reaped."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The pid of the current process, or None."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; its standard output is redirected to our stderr."""
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
        """Return how the process ended, once; None while it runs. Kills the rest of its session."""
        if self._process is None or not _has_ended(self._process.pid):
            return None
        # Until it is reaped, the process group's id cannot be reused.
        self.kill()
        return self.reap()

    def reap(self) -> str:
        """Wait for the process to end and return how it ended: a signal or a status."""
        code = 0 if self._process is None else self._process.wait()
        self._process = None
        return f"signal {-code}" if code < 0 else f"status {code}"

    def plan_restart(self, longest_delay: float = LONGEST_DELAY_SECONDS) -> float:
        """Schedule the next start, with back-off in a crash loop; return the delay in seconds."""
        now = time.monotonic()
        self.deaths = 1 if now - self._started_at >= STEADY_SECONDS else self.deaths + 1
        doublings = self.deaths - DEATHS_WITHOUT_DELAY - 1
        delay = 0.0 if doublings < 0 else min(FIRST_DELAY_SECONDS * 2.0**doublings, longest_delay)
        self.starts_at = now + delay
        return delay

    def terminate(self) -> None:
        """Send SIGTERM to the process, which stops its own children."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process and its whole process group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def tie_to_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a pre-exec hook that sends the child `number` when its parent dies (Linux only)."""
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl  # resolved before the fork: little is safe after it

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before prctl
            os._exit(1)

    return tie
