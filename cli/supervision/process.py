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
# A spare process is loaded this long after the start of the one that runs, or the end of the last
# spare: loading takes processor time from both.
SPARE_AFTER_SECONDS = 1.0
FAILED_SPARE_SECONDS = 30.0
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
    # The program loads, and starts when its standard input has a line. A spare process that has
    # loaded takes the place of one that dies.
    has_spare: bool = False


class Child:
    """The process of a program, in its own session; it is killed if the supervisor dies.

    The spare process of a program with one is loaded by `keep_spare`.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.deaths = 0
        self.starts_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: subprocess.Popen[bytes] | None = None
        self._spare_at = 0.0

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
        self._spare_at = self._started_at + SPARE_AFTER_SECONDS
        if self._spare is not None and self._spare.poll() is not None:
            self._end_spare()
        process, self._spare = self._spare, None
        self._process = process or self._launch()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as stdin:  # its end is found later
                stdin.write(b"start\n")

    def keep_spare(self) -> None:
        """Load a spare process if the program has one, and it is time to."""
        now = time.monotonic()
        if self._spare is not None and self._spare.poll() is not None:
            self._end_spare()
            self._spare_at = now + FAILED_SPARE_SECONDS
        is_due = self._spare is None and self.is_running and now >= self._spare_at
        if self.program.has_spare and is_due:
            self._spare = self._launch()

    def _launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.program.command,
            env=self.program.environment,
            stdin=subprocess.PIPE if self.program.has_spare else subprocess.DEVNULL,
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
        """Send SIGTERM to the process, which stops its own children; end the spare process."""
        self._end_spare()
        if self._process is not None:
            # `Popen.terminate` would reap a process that has ended, before `find_end` sees it.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def _end_spare(self) -> None:
        if self._spare is not None:
            with self._spare as spare:  # closes its input and reaps it
                spare.kill()
            self._spare = None

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
