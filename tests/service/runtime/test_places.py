"""Places are given to small files first, and to large ones after a time."""

import asyncio
from collections.abc import Callable

import pytest

from service.runtime.places import BYTES_PER_SECOND, Places
from store.errors import ReadingStoppedError


async def enter(
    places: Places, size: int, order: list[int], must_stop: Callable[[], bool] = lambda: False
) -> None:
    async with places.hold(size, must_stop):
        order.append(size)
        await asyncio.sleep(0)


def order_of(sizes: list[int]) -> list[int]:
    """Return the order in which files of these sizes get the only place, when it becomes free."""
    found: list[int] = []

    async def run() -> None:
        places = Places(1)
        async with places.hold(0, lambda: False):
            tasks = [asyncio.create_task(enter(places, size, found)) for size in sizes]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(run())
    return found


def test_small_files_come_first() -> None:
    assert order_of([10**6, 71_000, 12, 10**7]) == [12, 71_000, 10**6, 10**7]


def test_large_file_waits_for_smaller_ones_for_a_bounded_time() -> None:
    found: list[int] = []

    async def run() -> None:
        places, loop = Places(1), asyncio.get_running_loop()
        async with places.hold(0, lambda: False):
            large = asyncio.create_task(enter(places, BYTES_PER_SECOND // 100, found))
            start = loop.time()
            await asyncio.sleep(0)
            while loop.time() < start + 0.02:
                await asyncio.sleep(0.001)
            small = asyncio.create_task(enter(places, 1, found))
            await asyncio.sleep(0)
        await asyncio.gather(large, small)

    asyncio.run(run())
    assert found == [BYTES_PER_SECOND // 100, 1]


@pytest.mark.parametrize("how", ["cancelled", "stopped"])
def test_place_is_not_lost_with_a_file_that_gives_up(how: str) -> None:
    found: list[int] = []

    async def run() -> None:
        places, must_stop = Places(1), False
        async with places.hold(0, lambda: False):
            first = asyncio.create_task(enter(places, 1, found, lambda: must_stop))
            second = asyncio.create_task(enter(places, 2, found))
            await asyncio.sleep(0)
            if how == "cancelled":
                first.cancel()
            must_stop = True
            [result] = await asyncio.gather(first, return_exceptions=True)
            expected = asyncio.CancelledError if how == "cancelled" else ReadingStoppedError
            assert isinstance(result, expected)
        await second
        await enter(places, 3, found)

    asyncio.run(run())
    assert found == [2, 3]


def test_as_many_files_as_places_are_read_at_once() -> None:
    inside = most = 0

    async def stay(places: Places) -> None:
        nonlocal inside, most
        async with places.hold(1, lambda: False):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def run() -> None:
        places = Places(3)
        await asyncio.gather(*(stay(places) for _ in range(20)))

    asyncio.run(run())
    assert (most, inside) == (3, 0)
