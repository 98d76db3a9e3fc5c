"""Keeps programs running until it is asked to stop, and then leaves nothing behind."""

import time
from collections.abc import Callable

from cli.supervision.process import Child, Program
from cli.supervision.signals import Signals


class StopRequested(Exception):  # noqa: N818 - a wish, not an error
    """A signal asked the service to stop."""


class Supervisor:
    """Starts programs, restarts the dead with exponential back-off, ends all in order.

    It has a single thread, the main one: Linux ties a child's life to the thread that made it.
    """

    def __init__(self, signals: Signals, log: Callable[[str], None]) -> None:
        self._signals = signals
        self._log = log
        self._children: list[Child] = []

    def start(self, program: Program) -> Child:
        """Start the program and keep it running."""
        child = Child(program)
        child.start()
        self._children.append(child)
        return child

    def drop(self, child: Child) -> None:
        """End a child for good."""
        self._children.remove(child)
        self._end([child])

    def wait_until(
        self, condition: Callable[[], bool], seconds: float = float("inf"), every: float = 0.1
    ) -> bool:
        """Supervise until the condition holds, or so long; says whether it holds.

        Raises StopRequested when a signal asks to stop.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._signals.stops:
                raise StopRequested
            self._revive()
            if condition():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._signals.wait(min(every, left))

    def stop(self) -> None:
        """End all children: those that are last after the others, stragglers by force."""
        for is_last in (False, True):
            self._end([child for child in self._children if child.program.is_last is is_last])
        self._children.clear()

    def _revive(self) -> None:
        for child in self._children:
            end = child.find_end()
            if end is not None:
                delay = child.plan_restart()
                self._log(f"{child.program.name} ended ({end}); starting again in {delay:g} s")
            elif not child.is_running and time.monotonic() >= child.starts_at:
                self._start_again(child)

    def _start_again(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:  # no memory or no processes left: it may pass
            delay = child.plan_restart()
            self._log(f"{child.program.name} does not start ({error}); next in {delay:g} s")

    def _end(self, children: list[Child]) -> None:
        # The first request to stop is why we are here; a second one is impatience.
        patience = max(self._signals.stops, 1)
        deadline = time.monotonic() + max((c.program.grace_seconds for c in children), default=0)
        for child in children:
            child.terminate()
        while running := [child for child in children if _is_running(child)]:
            if time.monotonic() >= deadline or self._signals.stops > patience:
                break
            self._signals.wait(0.05)
        for child in running:
            self._log(f"{child.program.name} does not stop: killed")
            child.kill()
            child.reap()


def _is_running(child: Child) -> bool:
    child.find_end()
    return child.is_running
