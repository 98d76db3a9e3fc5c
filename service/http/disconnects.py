"""Clients that disconnect while their request is being answered."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from threading import Event
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from store.errors import ReadingStoppedError

T = TypeVar("T")


@asynccontextmanager
async def watch_disconnect(request: Request) -> AsyncIterator[Event]:
    """Yield an event that is set when the client disconnects, or the block is left.

    A thread that was started in the block can stop then. The body must have been read.

    Raises ClientDisconnect in place of ReadingStoppedError if the client disconnected.
    """
    gone = Event()
    watcher = asyncio.create_task(_watch(request, gone), name="watch disconnect")
    try:
        yield gone
    except ReadingStoppedError as error:
        if gone.is_set():
            raise ClientDisconnect from error
        raise
    finally:
        gone.set()
        watcher.cancel()


async def until_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`, which is cancelled when the client disconnects.

    The body must have been read. Raises ClientDisconnect.
    """
    task = asyncio.create_task(work, name="work until disconnect")
    watcher = asyncio.create_task(_wait_disconnect(request), name="watch disconnect")
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        watcher.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(request: Request, gone: Event) -> None:
    await _wait_disconnect(request)
    gone.set()


async def _wait_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
