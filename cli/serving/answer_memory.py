"""The answers that wait in one process for clients to read them."""

from typing import Protocol


class Reader(Protocol):
    """A connection for whose client written bytes wait."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait now."""

    def give_up(self) -> None:
        """Reset the connection, with the bytes that wait."""


class AnswerMemory:
    """Bounds the total of the bytes that wait for all clients.

    Beyond the limit, the connection whose bytes have waited for longest is given up: a client that
    reads, however slowly, makes room for the next piece of its answer and waits from then on. One
    answer alone is never given up, since its route bounds it.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        # In the order in which the bytes began to wait.
        self._waiting: dict[Reader, int] = {}

    @property
    def total(self) -> int:
        """Bytes that waited when they were last counted; since then there are only fewer."""
        return self._total

    def add(self, reader: Reader) -> None:
        """Count the bytes that have begun to wait for a client."""
        self._count(reader)
        if self._total > self._limit:
            for other in self._waiting:
                self._count(other)
        while self._total > self._limit and len(self._waiting) > 1:
            first = next(iter(self._waiting))
            self.release(first)
            first.give_up()

    def release(self, reader: Reader) -> None:
        """Count the bytes of a client no more."""
        self._total -= self._waiting.pop(reader, 0)

    def _count(self, reader: Reader) -> None:
        now = reader.waiting_bytes
        self._total += now - self._waiting.get(reader, 0)
        self._waiting[reader] = now
