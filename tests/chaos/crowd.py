"""Many concurrent clients in one thread: some poll jobs every two seconds, others read events.

They use hand-written HTTP, so that a thousand clients take little processor time compared to the
server.
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
RECONNECT_SECONDS = 0.1
TIMEOUT_SECONDS = 60.0
_ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length: (\d+)", re.MULTILINE | re.IGNORECASE)


@dataclass
class Received:
    """Events received by one listener.

    Attributes:
        connections: number of connections; each one resumes after the last event received.
    """

    job_id: str
    ids: list[int] = field(default_factory=list)
    connections: int = 0


@dataclass
class ManyClients:
    """Measurements of all clients.

    Attributes:
        took: seconds per poll.
        errors: unexpected responses and exceptions.
        is_polling: whether pollers continue.
        pollers: number of active pollers.
    """

    port: int
    received: list[Received]
    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    is_polling: bool = True
    pollers: int = 0

    @property
    def slowest(self) -> float:
        """The 99th percentile of the poll times, in seconds."""
        return sorted(self.took)[int((len(self.took) - 1) * 0.99)]

    @property
    def is_connected(self) -> bool:
        """Whether every listener has received an event."""
        return all(one.ids for one in self.received)


@contextmanager
def many_clients(
    port: int,
    job_ids: Sequence[str],
    pollers: int,
    listeners: int,
    arrival_seconds: float,
    rng: random.Random,
) -> Iterator[ManyClients]:
    """Run many clients; at the end of the block, stop polling and wait for the streams to end.

    The clients start at random times within `arrival_seconds`.
    """
    received = [Received(job_ids[n % len(job_ids)]) for n in range(listeners)]
    found = ManyClients(port, received)
    coroutines = [_listen(found, one) for one in received]
    coroutines += [_poll(found, job_ids[n % len(job_ids)]) for n in range(pollers)]
    delays = [rng.uniform(0, arrival_seconds) for _ in coroutines]
    work = _work(found, [_delayed(*pair) for pair in zip(delays, coroutines, strict=True)])
    thread = threading.Thread(target=uvloop.run, args=(work,), name="clients")
    thread.start()
    try:
        yield found
    finally:
        found.is_polling = False
        thread.join(2 * TIMEOUT_SECONDS)
    assert not thread.is_alive()


async def _work(clients: ManyClients, coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
    for result in await asyncio.gather(*coroutines, return_exceptions=True):
        if result is not None:
            clients.errors.append(repr(result))


async def _delayed(seconds: float, client: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await client


async def _poll(clients: ManyClients, job_id: str) -> None:
    """Poll a job every two seconds on one connection."""
    clients.pollers += 1
    reader, writer = await asyncio.open_connection("127.0.0.1", clients.port)
    try:
        while clients.is_polling:
            began = time.monotonic()
            writer.write(_request(f"/v1/jobs/{job_id}"))
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, head = await _read_head(reader)
                length = _LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
            clients.took.append(time.monotonic() - began)
            if status != 200:
                clients.errors.append(f"a poll was answered {status}")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        clients.pollers -= 1
        writer.close()


async def _listen(clients: ManyClients, received: Received) -> None:
    """Behave like an EventSource: reconnect after the last event until the server answers 204."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", clients.port)
            last = (f"Last-Event-ID: {received.ids[-1]}",) if received.ids else ()
            path = f"/v1/jobs/{received.job_id}/events"
            writer.write(_request(path, "Accept: text/event-stream", *last))
            status, _ = await _read_head(reader)
            if status == 204:
                writer.close()
                return
            assert status == 200, f"a listener was answered {status}"
            received.connections += 1
            async for text in _chunks(reader):
                received.ids.extend(int(found) for found in _ID.findall(text))
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The server was stopped; reconnect after its restart.
            await asyncio.sleep(RECONNECT_SECONDS)


def _request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head[9:12]), head


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the chunks of the body, each of which holds whole events."""
    while length := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(length + 2))[:-2]
    await reader.readexactly(2)
