"""The request bodies that one process holds in memory."""

from typing import Protocol


class Holder(Protocol):
    """A connection whose request has a body in memory."""

    @property
    def is_receiving(self) -> bool:
        """Whether the body is incomplete."""

    def refuse_body(self) -> None:
        """Answer the request and give the body up."""


class BodyMemory:
    """Bounds the total size of the bodies of all requests.

    A body counts until its request is answered. Beyond the limit, the incomplete body that began
    first is given up: a client that sends slowly on purpose holds its bytes for longest. If all
    others are complete, the one that grows is.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        # In the order in which the bodies began.
        self._held: dict[Holder, int] = {}

    @property
    def total(self) -> int:
        """Bytes held now."""
        return self._total

    def add(self, holder: Holder, count: int) -> None:
        """Count bytes that a connection has received."""
        self._held[holder] = self._held.get(holder, 0) + count
        self._total += count
        while self._total > self._limit and holder in self._held:
            first = next((one for one in self._held if one.is_receiving), holder)
            self.release(first)
            first.refuse_body()

    def release(self, holder: Holder) -> None:
        """Count the bytes of a connection no more."""
        self._total -= self._held.pop(holder, 0)
