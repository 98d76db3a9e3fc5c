"""Throttling of wake-ups: a limited number of waiting tasks resume per event-loop iteration.

Otherwise the loop resumes all of many concurrent listeners before it serves any other request.
"""

import asyncio
from collections import deque


class WakeupThrottle:
    """Resumes `at_once` waiting tasks per loop iteration, in order of arrival."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn; there is nothing to release."""
        turn: asyncio.Future[None] = asyncio.Future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._resume_some)
        await turn

    def _resume_some(self) -> None:
        for _ in range(min(self._at_once, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # its task was cancelled
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._resume_some)
