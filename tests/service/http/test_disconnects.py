"""A client that disconnects stops the thread that works for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from service.http.disconnects import until_disconnect, watch_disconnect
from store.errors import ReadingStoppedError


def make_request(receive: Callable[[], Awaitable[Any]]) -> Request:
    return Request({"type": "http", "headers": []}, receive)


async def never() -> Any:
    await asyncio.Event().wait()


def test_the_event_is_set_when_the_client_disconnects() -> None:
    messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def run() -> None:
        async with watch_disconnect(make_request(receive)) as gone:
            assert await asyncio.to_thread(gone.wait, 10)
            raise ReadingStoppedError

    with pytest.raises(ClientDisconnect):
        asyncio.run(run())


def test_an_error_for_another_reason_is_passed_on() -> None:
    async def run() -> None:
        async with watch_disconnect(make_request(never)):
            raise ReadingStoppedError

    with pytest.raises(ReadingStoppedError):
        asyncio.run(run())


def test_a_cancelled_request_stops_its_thread() -> None:
    async def run() -> None:
        async with watch_disconnect(make_request(never)) as gone:
            events.append(gone)
            await never()

    async def cancel() -> None:
        task = asyncio.create_task(run())
        while not events:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert events[0].is_set()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    events: list[Any] = []
    asyncio.run(cancel())


def test_work_is_cancelled_when_the_client_disconnects() -> None:
    async def receive() -> Any:
        await asyncio.wait_for(started.wait(), 10)
        return {"type": "http.disconnect"}

    async def work() -> None:
        started.set()
        try:
            await never()
        finally:
            ended.append(True)

    async def run() -> None:
        with pytest.raises(ClientDisconnect):
            await until_disconnect(make_request(receive), work())
        assert ended == [True]

    started = asyncio.Event()
    ended: list[bool] = []
    asyncio.run(run())


def test_a_result_or_an_exception_of_the_work_is_passed_on() -> None:
    async def add() -> int:
        return 5

    async def fail() -> None:
        raise ReadingStoppedError

    async def run() -> None:
        assert await until_disconnect(make_request(never), add()) == 5
        with pytest.raises(ReadingStoppedError):
            await until_disconnect(make_request(never), fail())
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
