"""Process supervisor: keep programs running until a request to stop, then end all of them."""

import time
from collections.abc import Callable
from contextlib import suppress

from cli.supervision.process import LONGEST_DELAY_SECONDS, Child, Program
from cli.supervision.signals import Signals


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """A signal asked the service to stop."""


class Supervisor:
    """Starts programs, restarts them with exponential back-off, and stops them in order.

    Single-threaded: on Linux the parent-death signal is bound to the thread that forked the child.

    Args:
        signals: requests to stop, and deaths of children.
        log: receives one line per event.
        longest_delay: bound of the back-off in seconds.
    """

    def __init__(
        self,
        signals: Signals,
        log: Callable[[str], None],
        longest_delay: float = LONGEST_DELAY_SECONDS,
    ) -> None:
        self._signals = signals
        self._log = log
        self._longest_delay = longest_delay
        self._children: list[Child] = []

    def start(self, program: Program) -> Child:
        """Start the program and keep it running."""
        child = Child(program)
        child.start()
        self._children.append(child)
        return child

    def drop(self, child: Child) -> None:
        """Stop a child permanently."""
        self._children.remove(child)
        self._end([child])

    def wait_until(
        self, condition: Callable[[], bool], seconds: float = float("inf"), every: float = 0.1
    ) -> bool:
        """Supervise until the condition holds, for at most `seconds`; return whether it holds.

        Raises StopRequested on a signal to stop.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._signals.stops:
                raise StopRequested
            self._restart_ended()
            if condition():
                return True
            now = time.monotonic()
            if now >= deadline:
                return False
            waiting = (child.starts_at for child in self._children if not child.is_running)
            self._signals.wait(max(0.0, min(every, deadline - now, *(at - now for at in waiting))))

    def stop(self) -> None:
        """Stop all children, programs with `is_last` at the end; kill those that do not stop."""
        for is_last in (False, True):
            self._end([child for child in self._children if child.program.is_last is is_last])
        self._children.clear()

    def _restart_ended(self) -> None:
        for child in self._children:
            end = child.find_end()
            if end is not None:
                delay = child.plan_restart(self._longest_delay)
                self._log(f"{child.program.name} ended ({end}); restarting in {delay:g} s")
            if not child.is_running and time.monotonic() >= child.starts_at:
                self._restart(child)
            with suppress(OSError):  # out of memory or processes: a later pass tries again
                child.keep_spare()

    def _restart(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:  # out of memory or processes: possibly temporary
            delay = child.plan_restart(self._longest_delay)
            self._log(f"{child.program.name} does not start ({error}); retrying in {delay:g} s")

    def _end(self, children: list[Child]) -> None:
        # The first request started this shutdown; a further one skips the grace period.
        expected_stops = max(self._signals.stops, 1)
        deadline = time.monotonic() + max((c.program.grace_seconds for c in children), default=0)
        for child in children:
            child.terminate()
        while running := [child for child in children if _is_running(child)]:
            if time.monotonic() >= deadline or self._signals.stops > expected_stops:
                break
            self._signals.wait(0.05)
        for child in running:
            self._log(f"{child.program.name} does not stop: killed")
            child.kill()
            child.reap()


def _is_running(child: Child) -> bool:
    child.find_end()
    return child.is_running
