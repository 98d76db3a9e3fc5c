"""Wakes everybody who waits for events of a job: one task asks the database for all of them.

A listener pulls from its job's feed, which keeps the newest events, encoded once for all. Nothing
is kept for a single listener: who is further behind reads pages from the database.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter, move_on_after, to_thread

from service.runtime.wakeup_throttle import WakeupThrottle
from service.serializers.events import encode_event
from store.db.database import Database
from store.errors import StoreError
from store.jobs.events import EventLog, read_new_events

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
AWAY_SECONDS = 1.0
KEPT_EVENTS = 64
EVENTS_AT_ONCE = 500
CATCHING_UP = 2
LISTENERS_AT_ONCE = 20


@dataclass(frozen=True)
class EncodedEvent:
    """A server-sent event as it is sent."""

    id: int
    text: bytes


@dataclass(frozen=True)
class NewEvents:
    """What a look at the database has found of one job."""

    events: tuple[EncodedEvent, ...]
    more: bool
    is_complete: bool


class Subscription:
    """The newest events of one job, for all its listeners."""

    def __init__(self, after: int, turns: WakeupThrottle) -> None:
        self.listeners = 0
        self.newest = after
        # Every event after this one is kept.
        self._start = after
        self._kept: deque[EncodedEvent] = deque()
        self._complete = False
        self._changed = asyncio.Event()
        self._turns = turns

    def extend(self, news: NewEvents) -> None:
        """Take in what is new, forget what is old, and wake the listeners."""
        self._kept.extend(news.events)
        while len(self._kept) > KEPT_EVENTS:
            self._start = self._kept.popleft().id
        self.newest = self._kept[-1].id
        self._complete = news.is_complete
        self.wake()

    def wake(self) -> None:
        """Let all listeners look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def since(self, after: int) -> tuple[EncodedEvent, ...] | None:
        """The events after this one, or None when some of them are no longer kept."""
        if after < self._start:
            return None
        if after >= self.newest:
            return ()
        return tuple(event for event in self._kept if event.id > after)

    def is_complete(self, after: int) -> bool:
        """Whether nothing follows this event, unless the job is tried again."""
        return self._complete and after == self.newest

    async def changed(self, after: int, seconds: float) -> bool:
        """Wait for events after this one, at most so long; whether there are any."""
        if self.newest <= after:
            with move_on_after(seconds):
                await self._changed.wait()
            await self._turns.take()
        return self.newest > after


class EventBroadcaster:
    """The feeds of all jobs that somebody listens to, and the task that fills them."""

    def __init__(self, database: Database) -> None:
        self.is_closed = False
        self._database = database
        self._feeds: dict[str, Subscription] = {}
        self._turns = WakeupThrottle(LISTENERS_AT_ONCE)
        self._wanted = asyncio.Event()
        # Threads of their own: neither requests nor those who catch up keep the others waiting.
        self._looking = CapacityLimiter(1)
        self.catching_up = CapacityLimiter(CATCHING_UP)
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, job_id: str, after: int) -> Iterator[Subscription]:
        """The job's feed, filled while the block lasts; all events up to `after` are known."""
        feed = self._feeds.setdefault(job_id, Subscription(after, self._turns))
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
        """Wait until the job has an event after this one, or the time is over."""
        with self.watch(job_id, after) as feed:
            if not self.is_closed:
                await feed.changed(after, seconds)

    def close(self) -> None:
        """Send everybody away, so that the server can stop."""
        self.is_closed = True
        for feed in self._feeds.values():
            feed.wake()

    def start(self) -> None:
        """Start filling the feeds, in the loop that runs."""
        self._task = asyncio.create_task(self._run(), name="feeds")

    async def stop(self) -> None:
        """Send everybody away, and end."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            pause = AWAY_SECONDS
            try:
                pause = 0 if await self._look() else LOOK_SECONDS
            except StoreError as error:
                logger.warning("listeners wait for the database: %s", error)
            except Exception:
                # Whatever it is, the listeners wait for the next look.
                logger.exception("new events could not be read")
            await asyncio.sleep(pause)

    async def _look(self) -> bool:
        """Fill the feeds with what is new; whether there may be more already."""
        # A feed that is left and begun again while the database answers must not get this answer.
        feeds = dict(self._feeds)
        cursors = {job_id: feed.newest for job_id, feed in feeds.items()}
        found = await to_thread.run_sync(
            self._read, cursors, abandon_on_cancel=True, limiter=self._looking
        )
        for job_id, news in found.items():
            feeds[job_id].extend(news)
        return any(news.more for news in found.values())

    def _read(self, cursors: Mapping[str, int]) -> dict[str, NewEvents]:
        with self._database.reading() as session:
            logs = read_new_events(session, cursors, EVENTS_AT_ONCE)
        return {job_id: _encode(log) for job_id, log in logs.items()}


def _encode(log: EventLog) -> NewEvents:
    events = tuple(EncodedEvent(event.id, encode_event(event)) for event in log.events)
    return NewEvents(events, log.more, log.is_complete)
