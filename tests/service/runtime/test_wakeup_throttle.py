"""A few at a time go on, in order, and others come in between."""

import asyncio

from service.runtime.wakeup_throttle import WakeupThrottle


def test_a_few_go_on_in_each_round_of_the_loop() -> None:
    seen: list[str] = []

    async def work() -> None:
        turns = WakeupThrottle(at_once=2)

        async def listen(name: str) -> None:
            await turns.take()
            seen.append(name)

        listeners = [asyncio.ensure_future(listen(str(number))) for number in range(5)]
        await asyncio.sleep(0)
        while not all(one.done() for one in listeners):
            # Another request: it comes in between.
            seen.append("|")
            await asyncio.sleep(0)

    asyncio.run(work())
    groups = [group for group in "".join(seen).split("|") if group]
    assert groups == ["01", "23", "4"]


def test_one_who_leaves_costs_nobody_a_turn() -> None:
    async def work() -> None:
        turns = WakeupThrottle(at_once=1)
        leaving, staying = (asyncio.ensure_future(turns.take()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        async with asyncio.timeout(30):
            await staying
            # They begin anew when all have had theirs.
            await turns.take()
        assert leaving.cancelled()

    asyncio.run(work())
