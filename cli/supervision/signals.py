"""Waitable signals: requests to stop, and state changes of child processes."""

import os
import select
import signal
from types import FrameType
from typing import Any, Self

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """Counts the requests to stop and wakes up a waiting caller.

    A context manager for the main thread; it restores the previous handlers on exit.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._reader, self._writer = os.pipe()
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            # A SIGHUP ignored by nohup stays ignored.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reader)
        os.close(self._writer)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stops += number in STOP_SIGNALS

    def wait(self, seconds: float) -> None:
        """Sleep until a signal arrives, for at most `seconds`."""
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)
