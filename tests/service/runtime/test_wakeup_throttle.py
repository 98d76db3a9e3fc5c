"""Wakeup throttle: a limited number of tasks resumes per loop iteration, in order."""

import asyncio

from service.runtime.wakeup_throttle import WakeupThrottle


def test_limited_number_of_tasks_resumes_per_loop_iteration() -> None:
    seen: list[str] = []

    async def work() -> None:
        turns = WakeupThrottle(at_once=2)

        async def listen(name: str) -> None:
            await turns.take()
            seen.append(name)

        listeners = [asyncio.ensure_future(listen(str(number))) for number in range(5)]
        await asyncio.sleep(0)
        while not all(one.done() for one in listeners):
            # Another request runs between two groups.
            seen.append("|")
            await asyncio.sleep(0)

    asyncio.run(work())
    groups = [group for group in "".join(seen).split("|") if group]
    assert groups == ["01", "23", "4"]


def test_cancelled_waiter_does_not_block_others() -> None:
    async def work() -> None:
        turns = WakeupThrottle(at_once=1)
        leaving, staying = (asyncio.ensure_future(turns.take()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        async with asyncio.timeout(30):
            await staying
            # The throttle admits new tasks after all have resumed.
            await turns.take()
        assert leaving.cancelled()

    asyncio.run(work())
