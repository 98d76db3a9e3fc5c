"""Clients that disconnect while their request is being answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

from fastapi import Request
from starlette.requests import ClientDisconnect

from store.errors import ReadingStoppedError


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


async def _watch(request: Request, gone: Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()
