"""Broadcasting of job events: one task polls the database on behalf of all listeners.

A listener reads from its job's subscription, which holds the newest events, encoded once. There is
no buffer per listener: one that is further behind reads pages from the database.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter, move_on_after, to_thread

from service.serializers.events import encode_event
from store.db.database import Database
from store.errors import StoreError
from store.jobs.events import EventLog, read_new_events

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
AWAY_SECONDS = 1.0
# Limits of the events that a subscription keeps.
KEPT_EVENTS = 64
KEPT_BYTES = 2**17
EVENTS_AT_ONCE = 500
CATCH_UP_THREADS = 2


@dataclass(frozen=True)
class EncodedEvent:
    """An encoded server-sent event."""

    id: int
    text: bytes


@dataclass(frozen=True)
class NewEvents:
    """New events of one job, from one poll of the database."""

    events: tuple[EncodedEvent, ...]
    more: bool
    is_complete: bool


class Subscription:
    """The newest events of one job, shared by all its listeners."""

    def __init__(self, after: int) -> None:
        self.listeners = 0
        self.newest = after
        # Every later event is buffered.
        self._start = after
        self._kept: deque[EncodedEvent] = deque()
        self._bytes = 0
        self._complete = False
        self._changed = asyncio.Event()

    def extend(self, new: NewEvents) -> None:
        """Append new events, drop the oldest, and wake the listeners."""
        self._kept.extend(new.events)
        self._bytes += sum(len(event.text) for event in new.events)
        while len(self._kept) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            oldest = self._kept.popleft()
            self._start = oldest.id
            self._bytes -= len(oldest.text)
        self.newest = new.events[-1].id
        self._complete = new.is_complete
        self.wake()

    def wake(self) -> None:
        """Wake all listeners."""
        self._changed.set()
        self._changed = asyncio.Event()

    def since(self, after: int) -> tuple[EncodedEvent, ...] | None:
        """Return the events after this one, or None if some of them have been dropped."""
        if after < self._start:
            return None
        if after >= self.newest:
            return ()
        return tuple(event for event in self._kept if event.id > after)

    def is_complete(self, after: int) -> bool:
        """Whether this is the last event of the job, unless it is retried."""
        return self._complete and after == self.newest

    async def changed(self, after: int, seconds: float) -> bool:
        """Wait up to `seconds` for events after this one; return whether there are any."""
        if self.newest <= after:
            with move_on_after(seconds):
                await self._changed.wait()
        return self.newest > after


class EventBroadcaster:
    """The subscriptions of all jobs with listeners, and the task that feeds them."""

    def __init__(self, database: Database) -> None:
        self.is_closed = False
        self._database = database
        self._feeds: dict[str, Subscription] = {}
        self._wanted = asyncio.Event()
        # Separate threads, so that requests, polling and catching up do not block each other.
        self._poll_limiter = CapacityLimiter(1)
        self.catch_up_limiter = CapacityLimiter(CATCH_UP_THREADS)
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, job_id: str, after: int) -> Iterator[Subscription]:
        """Subscribe to events of the job after `after` for the duration of the block."""
        feed = self._feeds.setdefault(job_id, Subscription(after))
        feed.listeners += 1
        self._wanted.set()
        try:
            yield feed
        finally:
            feed.listeners -= 1
            if not feed.listeners:
                del self._feeds[job_id]
            if not self._feeds:
                self._wanted.clear()

    async def wait(self, job_id: str, after: int, seconds: float) -> None:
        """Wait up to `seconds` until the job has an event after this one."""
        with self.watch(job_id, after) as feed:
            if not self.is_closed:
                await feed.changed(after, seconds)

    def close(self) -> None:
        """Wake and release all listeners, so that the server can stop."""
        self.is_closed = True
        for feed in self._feeds.values():
            feed.wake()

    def start(self) -> None:
        """Start polling, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="feeds")

    async def stop(self) -> None:
        """Release all listeners and stop polling."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            pause = AWAY_SECONDS
            try:
                pause = 0 if await self._poll() else POLL_SECONDS
            except StoreError as error:
                logger.warning("listeners wait for the database: %s", error)
            except Exception:
                # After any error the listeners wait for the next poll.
                logger.exception("new events could not be read")
            await asyncio.sleep(pause)

    async def _poll(self) -> bool:
        """Feed new events to the subscriptions; return whether there may be more already."""
        # A subscription replaced during the query must not receive its result.
        feeds = dict(self._feeds)
        cursors = {job_id: feed.newest for job_id, feed in feeds.items()}
        found = await to_thread.run_sync(
            self._read, cursors, abandon_on_cancel=True, limiter=self._poll_limiter
        )
        for job_id, new in found.items():
            feeds[job_id].extend(new)
        return any(new.more for new in found.values())

    def _read(self, cursors: Mapping[str, int]) -> dict[str, NewEvents]:
        with self._database.reading() as session:
            logs = read_new_events(session, cursors, EVENTS_AT_ONCE)
        return {job_id: _encode(log) for job_id, log in logs.items()}


def _encode(log: EventLog) -> NewEvents:
    events = tuple(EncodedEvent(event.id, encode_event(event)) for event in log.events)
    return NewEvents(events, log.more, log.is_complete)
