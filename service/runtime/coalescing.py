"""Coalescing of concurrent queries: those that arrive while a batch runs form the next batch.

A single query runs at once; many concurrent ones wait briefly and share the cost.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

MAX_BATCHED_QUERIES = 200
# Pause after a batch of several queries: more are likely to follow, and are cheaper together.
BATCH_WINDOW_SECONDS = 0.02

Query = TypeVar("Query")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Asked(Generic[Query, Result]):
    question: Query
    answer: asyncio.Future[Result]


class RequestCoalescer(Generic[Query, Result]):
    """Executes queries in batches, in a thread of its own and in order of arrival.

    Args:
        answer_all: returns a result or an exception per query. An exception that it raises is
            raised to every caller of the batch.
    """

    def __init__(
        self, answer_all: Callable[[Sequence[Query]], Sequence[Result | Exception]]
    ) -> None:
        self._answer_all = answer_all
        self._asked: deque[_Asked[Query, Result]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = CapacityLimiter(1)

    async def ask(self, question: Query) -> Result:
        """Return the result of a query; it is computed after the call, so it is never stale."""
        asked: _Asked[Query, Result] = _Asked(question, asyncio.Future())
        self._asked.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="batches")
        return await asked.answer

    async def _run(self) -> None:
        batch: list[_Asked[Query, Result]] = []
        try:
            while self._asked:
                count = min(len(self._asked), MAX_BATCHED_QUERIES)
                batch = [self._asked.popleft() for _ in range(count)]
                for one, answer in zip(batch, await self._find_answers(batch), strict=True):
                    _settle(one.answer, answer)
                if len(batch) > 1:
                    await asyncio.sleep(BATCH_WINDOW_SECONDS)
        except BaseException as error:
            # This task alone answers: if it ended silently, every waiting question would hang.
            for one in (*batch, *self._asked):
                _settle(one.answer, error)
            self._asked.clear()
            raise
        finally:
            # The next question starts a new task.
            self._task = None

    async def _find_answers(
        self, batch: Sequence[_Asked[Query, Result]]
    ) -> Sequence[Result | Exception]:
        questions = [one.question for one in batch]
        try:
            answers = await to_thread.run_sync(self._answer_all, questions, limiter=self._thread)
        except Exception as error:  # noqa: BLE001 - raised to everybody who has asked
            return [error] * len(batch)
        if len(answers) != len(batch):
            msg = f"{len(batch)} questions were given {len(answers)} answers"
            return [RuntimeError(msg)] * len(batch)
        return answers


def _settle(future: asyncio.Future[Result], answer: Result | BaseException) -> None:
    """Hand an answer or an exception to the request that waits for it, if it still waits."""
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    elif isinstance(answer, BaseException):
        future.cancel()
    else:
        future.set_result(answer)
