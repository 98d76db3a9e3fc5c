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
class _Pending(Generic[Query, Result]):
    query: Query
    future: asyncio.Future[Result]


class RequestCoalescer(Generic[Query, Result]):
    """Executes queries in batches, in a dedicated thread and in order of arrival.

    Args:
        answer_all: returns one result or exception per query. An exception that it raises is
            raised to every caller of the batch.
    """

    def __init__(
        self, answer_all: Callable[[Sequence[Query]], Sequence[Result | Exception]]
    ) -> None:
        self._answer_all = answer_all
        self._pending: deque[_Pending[Query, Result]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = CapacityLimiter(1)

    async def ask(self, query: Query) -> Result:
        """Return the result of a query; it is computed after the call, so it is never stale."""
        pending: _Pending[Query, Result] = _Pending(query, asyncio.Future())
        self._pending.append(pending)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="batches")
        return await pending.future

    async def _run(self) -> None:
        batch: list[_Pending[Query, Result]] = []
        try:
            while self._pending:
                count = min(len(self._pending), MAX_BATCHED_QUERIES)
                batch = [self._pending.popleft() for _ in range(count)]
                for one, result in zip(batch, await self._execute(batch), strict=True):
                    _complete(one.future, result)
                if len(batch) > 1:
                    await asyncio.sleep(BATCH_WINDOW_SECONDS)
        except BaseException as error:
            # Only this task executes queries: if it ended silently, every pending one would hang.
            for one in (*batch, *self._pending):
                _complete(one.future, error)
            self._pending.clear()
            raise
        finally:
            # The next query starts a new task.
            self._task = None

    async def _execute(
        self, batch: Sequence[_Pending[Query, Result]]
    ) -> Sequence[Result | Exception]:
        queries = [one.query for one in batch]
        try:
            results = await to_thread.run_sync(self._answer_all, queries, limiter=self._thread)
        except Exception as error:  # noqa: BLE001 - raised to every caller of the batch
            return [error] * len(batch)
        if len(results) != len(batch):
            msg = f"{len(batch)} queries returned {len(results)} results"
            return [RuntimeError(msg)] * len(batch)
        return results


def _complete(future: asyncio.Future[Result], result: Result | BaseException) -> None:
    """Set the result or exception of a future unless its caller has been cancelled."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    elif isinstance(result, BaseException):
        future.cancel()
    else:
        future.set_result(result)
