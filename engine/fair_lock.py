"""A lock that is granted in the order in which it was asked for."""

from collections import deque
from threading import Lock
from types import TracebackType


class FairLock:
    """A first-in, first-out mutual exclusion lock, for `with`.

    A thread that releases a `threading.Lock` and acquires it again at once mostly gets it before
    any that waits. This one is handed to the thread that has waited longest.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_held = False
        self._queue: deque[Lock] = deque()

    @property
    def waiting(self) -> int:
        """Threads that wait for it."""
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
