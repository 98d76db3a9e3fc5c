"""The rate at which bytes of one direction of a connection move."""

import math
from dataclasses import dataclass

# Measurements per window: a client is disconnected after 1 to 1.2 windows.
TICKS = 10


@dataclass(frozen=True)
class RateLimit:
    """The least bytes that a client must move.

    Attributes:
        bytes_per_second: mean rate over a window; 0: any.
        window_seconds: length of a window.
    """

    bytes_per_second: int
    window_seconds: float

    @property
    def tick_seconds(self) -> float:
        """Time between two measurements."""
        return self.window_seconds / TICKS

    @property
    def window_bytes(self) -> int:
        """Bytes of a whole window."""
        return math.ceil(self.bytes_per_second * self.window_seconds)


class TransferRate:
    """Compares what has moved within a window with a limit.

    Args:
        limit: the limit.
    """

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._ticks = -1
        self._moved = 0

    def reset(self) -> None:
        """Begin a window with the next measurement: there is nothing to move."""
        self._ticks = -1

    def is_too_slow(self, moved: int) -> bool:
        """Return whether a window has ended in which too few bytes moved.

        To be called once per tick while the client could move bytes, and not for ticks in which the
        service makes it wait.

        Args:
            moved: bytes that have moved over the whole life of the connection.
        """
        self._ticks += 1
        if 0 < self._ticks < TICKS:
            return False
        is_slow = self._ticks > 0 and moved - self._moved < self._limit.window_bytes
        self._ticks, self._moved = 0, moved
        return is_slow
