"""Request coalescer: batches, fresh results, and exceptions per query."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from service.runtime.coalescing import MAX_BATCHED_QUERIES, RequestCoalescer
from tests.waiting import wait_for

PATIENCE_SECONDS = 30.0


class Oracle:
    """Returns the batch's number for each query, once `turns` is released."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.turns = threading.Semaphore(0)
        self.failure: Exception | None = None

    def answer_all(self, questions: Sequence[str]) -> list[int | Exception]:
        number = len(self.batches)
        self.batches.append(list(questions))
        assert self.turns.acquire(timeout=PATIENCE_SECONDS)
        if self.failure is not None:
            raise self.failure
        return [KeyError(one) if one == "unknown" else number for one in questions]


async def begun(oracle: Oracle, count: int) -> None:
    await asyncio.to_thread(wait_for, lambda: len(oracle.batches) == count)


def test_query_during_a_batch_joins_the_next_batch() -> None:
    oracle = Oracle()
    batches = RequestCoalescer(oracle.answer_all)

    async def work() -> None:
        first = asyncio.ensure_future(batches.ask("a"))
        await begun(oracle, 1)
        later = [asyncio.ensure_future(batches.ask(name)) for name in "aab"]
        await asyncio.sleep(0)
        oracle.turns.release(2)
        assert await first == 0
        assert await asyncio.gather(*later) == [1, 1, 1]

    asyncio.run(work())
    assert oracle.batches == [["a"], ["a", "a", "b"]]


def test_queries_beyond_the_batch_limit_join_the_next_batch() -> None:
    oracle = Oracle()
    batches = RequestCoalescer(oracle.answer_all)
    oracle.turns.release(2)

    async def work() -> None:
        names = [str(number) for number in range(MAX_BATCHED_QUERIES + 1)]
        answers = await asyncio.gather(*(batches.ask(name) for name in names))
        assert answers == [0] * MAX_BATCHED_QUERIES + [1]

    asyncio.run(work())


def test_failure_is_raised_per_query_or_to_the_whole_batch() -> None:
    oracle = Oracle()
    batches = RequestCoalescer(oracle.answer_all)
    oracle.turns.release(3)

    async def work() -> None:
        good, bad = asyncio.ensure_future(batches.ask("a")), batches.ask("unknown")
        with pytest.raises(KeyError):
            await bad
        assert await good == 0
        oracle.failure = OSError("away")
        asked = (batches.ask("a"), batches.ask("b"))
        failures = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(failure) for failure in failures] == [OSError, OSError]
        # The coalescer still works after a failure.
        oracle.failure = None
        assert await batches.ask("a") == 2

    asyncio.run(work())


@pytest.mark.parametrize("answers", [[], [0], [0, 0, 0]])
def test_wrong_number_of_results_fails_only_that_batch(answers: list[int]) -> None:
    given = iter([answers, [7]])
    batches: RequestCoalescer[str, int] = RequestCoalescer(lambda _: next(given))

    async def work() -> None:
        asked = asyncio.gather(batches.ask("a"), batches.ask("b"), return_exceptions=True)
        failures = await asyncio.wait_for(asked, PATIENCE_SECONDS)
        assert [type(failure) for failure in failures] == [RuntimeError, RuntimeError]
        assert await asyncio.wait_for(batches.ask("c"), PATIENCE_SECONDS) == 7

    asyncio.run(work())


def test_cancelled_task_cancels_pending_queries() -> None:
    oracle = Oracle()
    batches = RequestCoalescer(oracle.answer_all)

    async def work() -> None:
        first = asyncio.ensure_future(batches.ask("a"))
        await begun(oracle, 1)
        second = asyncio.ensure_future(batches.ask("b"))
        await asyncio.sleep(0)
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "batches")
        task.cancel()
        oracle.turns.release(2)
        await asyncio.wait([first, second], timeout=PATIENCE_SECONDS)
        assert first.cancelled()
        assert second.cancelled()
        assert await asyncio.wait_for(batches.ask("c"), PATIENCE_SECONDS) == 1

    asyncio.run(work())


def test_cancelled_query_does_not_cancel_its_batch() -> None:
    oracle = Oracle()
    batches = RequestCoalescer(oracle.answer_all)

    async def work() -> None:
        leaving = asyncio.ensure_future(batches.ask("a"))
        staying = asyncio.ensure_future(batches.ask("b"))
        await begun(oracle, 1)
        leaving.cancel()
        oracle.turns.release()
        assert await staying == 0
        assert leaving.cancelled()

    asyncio.run(work())
