"""A crowd of clients in one thread: some poll jobs every two seconds, the others listen to them.

They speak HTTP by hand, so that a thousand of them cost a small part of what they ask for.
"""

import asyncio
import random
import re
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

POLL_SECONDS = 2.0
AGAIN_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
_ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length: (\d+)", re.MULTILINE | re.IGNORECASE)


@dataclass
class Heard:
    """What one listener was told.

    Attributes:
        connections: how many it took; each goes on after the last event of the one before.
    """

    job_id: str
    ids: list[int] = field(default_factory=list)
    connections: int = 0


@dataclass
class Crowd:
    """What a crowd has seen so far.

    Attributes:
        took: seconds of each poll.
        errors: whatever was answered that should not have been.
        is_polling: whether to go on with it.
        pollers: how many are at it.
    """

    port: int
    heard: list[Heard]
    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    is_polling: bool = True
    pollers: int = 0

    @property
    def slowest(self) -> float:
        """The time that 99 of 100 polls stayed within, in seconds."""
        return sorted(self.took)[int((len(self.took) - 1) * 0.99)]

    @property
    def is_connected(self) -> bool:
        """Whether every listener was told something."""
        return all(one.ids for one in self.heard)


@contextmanager
def crowd(
    port: int,
    job_ids: Sequence[str],
    pollers: int,
    listeners: int,
    arrival_seconds: float,
    rng: random.Random,
) -> Iterator[Crowd]:
    """A crowd at work; the block's end stops the polling and waits for the streams to end.

    They come one by one, in random order, within `arrival_seconds`.
    """
    heard = [Heard(job_ids[n % len(job_ids)]) for n in range(listeners)]
    found = Crowd(port, heard)
    clients = [_listen(found, one) for one in heard]
    clients += [_poll(found, job_ids[n % len(job_ids)]) for n in range(pollers)]
    delays = [rng.uniform(0, arrival_seconds) for _ in clients]
    work = _work(found, [_late(*pair) for pair in zip(delays, clients, strict=True)])
    thread = threading.Thread(target=uvloop.run, args=(work,), name="crowd")
    thread.start()
    try:
        yield found
    finally:
        found.is_polling = False
        thread.join(2 * PATIENCE_SECONDS)
    assert not thread.is_alive()


async def _work(crowd: Crowd, clients: Sequence[Coroutine[Any, Any, None]]) -> None:
    for result in await asyncio.gather(*clients, return_exceptions=True):
        if result is not None:
            crowd.errors.append(repr(result))


async def _late(seconds: float, client: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await client


async def _poll(crowd: Crowd, job_id: str) -> None:
    """Ask every two seconds, on one connection."""
    crowd.pollers += 1
    reader, writer = await asyncio.open_connection("127.0.0.1", crowd.port)
    try:
        while crowd.is_polling:
            began = time.monotonic()
            writer.write(_request(f"/v1/jobs/{job_id}"))
            async with asyncio.timeout(PATIENCE_SECONDS):
                status, head = await _read_head(reader)
                length = _LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
            crowd.took.append(time.monotonic() - began)
            if status != 200:
                crowd.errors.append(f"a poll was answered {status}")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        crowd.pollers -= 1
        writer.close()


async def _listen(crowd: Crowd, heard: Heard) -> None:
    """Do what an EventSource does: come again after the last event, until told not to."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", crowd.port)
            last = (f"Last-Event-ID: {heard.ids[-1]}",) if heard.ids else ()
            path = f"/v1/jobs/{heard.job_id}/events"
            writer.write(_request(path, "Accept: text/event-stream", *last))
            status, _ = await _read_head(reader)
            if status == 204:
                writer.close()
                return
            assert status == 200, f"a listener was answered {status}"
            heard.connections += 1
            async for text in _chunks(reader):
                heard.ids.extend(int(found) for found in _ID.findall(text))
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The server was stopped; its next life goes on.
            await asyncio.sleep(AGAIN_SECONDS)


def _request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: here", *headers, "", ""]).encode()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head[9:12]), head


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The body; each chunk holds whole events."""
    while length := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(length + 2))[:-2]
    await reader.readexactly(2)
