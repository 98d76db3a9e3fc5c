"""A first-in, first-out lock for threads."""

from collections import deque
from threading import Lock
from types import TracebackType


class FairLock:
    """A mutual exclusion lock that waiting threads acquire in order of arrival; a context manager.

    A thread that releases a `threading.Lock` and immediately acquires it again usually overtakes
    the waiting threads. This lock passes directly to the thread that has waited longest.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_held = False
        self._queue: deque[Lock] = deque()

    @property
    def waiting(self) -> int:
        """Number of threads that wait for the lock."""
        return len(self._queue)

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            turn = Lock()
            turn.acquire()
            self._queue.append(turn)
        turn.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._guard:
            if self._queue:
                # `_is_held` stays true: a thread that arrives now cannot overtake the next one.
                self._queue.popleft().release()
            else:
                self._is_held = False
