"""Turns: of many tasks that wake at once a few go on in each round of the event loop.

Without them the loop serves all of a crowd of listeners before it looks at anybody else's request.
"""

import asyncio
from collections import deque


class WakeupThrottle:
    """Lets `at_once` of those who wait go on in each round of the loop, first come first served."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn; it need not be given back."""
        turn: asyncio.Future[None] = asyncio.Future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._give)
        await turn

    def _give(self) -> None:
        for _ in range(min(self._at_once, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # its listener has gone
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._give)
