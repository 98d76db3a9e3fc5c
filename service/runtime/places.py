"""Places for work on files: the smaller the file, the sooner it gets one."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from store.errors import ReadingStoppedError

# A file waits behind smaller ones that arrive within one second per this many of its bytes.
BYTES_PER_SECOND = 2**13
CHECK_SECONDS = 0.2


class Places:
    """A number of places, which are used within one event loop.

    Args:
        number: number of places.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        # Due time, number of arrival, and the future of each that waits.
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def hold(self, size: int, must_stop: Callable[[], bool]) -> AsyncIterator[None]:
        """Hold a place for a file of `size` bytes.

        Raises ReadingStoppedError if it must not be waited for any longer.
        """
        await self._enter(size, must_stop)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, size: int, must_stop: Callable[[], bool]) -> None:
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        due = loop.time() + size / BYTES_PER_SECOND
        heapq.heappush(self._waiting, (due, next(self._arrivals), place))
        try:
            while not place.done():
                await asyncio.wait({place}, timeout=CHECK_SECONDS)
                if must_stop():
                    raise ReadingStoppedError
        except BaseException:
            # The place may have been given at the same moment.
            if not place.cancel():
                self._leave()
            raise

    def _leave(self) -> None:
        """Pass the place on to the next that still waits."""
        while self._waiting:
            _, _, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
