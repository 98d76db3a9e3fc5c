"""Works off the outbox of webhooks while the service runs; every API process has a deliverer."""

import asyncio
import logging
import random
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter, to_thread

from store.db.database import Database
from store.errors import StoreError
from store.settings import Settings
from store.webhooks.outbox import (
    CallResult,
    ClaimedDelivery,
    claim_due_deliveries,
    has_due_deliveries,
    note_attempt,
)

if TYPE_CHECKING:
    from service.webhooks.sender import WebhookSender

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CONCURRENT_CALLS = 16
CALLS_PER_WEBHOOK = 4
LOOK_SECONDS = 0.5
AWAY_SECONDS = 5.0
# What the database may take before and after a call.
LEASE_MARGIN_SECONDS = 20.0
STOP_SECONDS = 2.0
FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 7200.0


class Deliverer:
    """A task that claims what is due, calls, and notes what came of it."""

    def __init__(
        self, settings: Settings, database: Database, caller: "WebhookSender | None" = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._given_caller = caller
        # The threads of requests are not for this.
        self._threads = CapacityLimiter(4)
        self._calls: dict[asyncio.Task[None], ClaimedDelivery] = {}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @cached_property
    def _caller(self) -> "WebhookSender":
        """Made by the thread that claims the first delivery, as it imports an HTTP client."""
        from service.webhooks.sender import WebhookSender

        return self._given_caller or WebhookSender(
            self._settings.webhook_timeout_seconds,
            private_addresses=self._settings.webhook_private_addresses,
        )

    def start(self) -> None:
        """Start delivering, in the loop that runs."""
        self._task = asyncio.create_task(self._run(), name="deliverer")

    async def stop(self) -> None:
        """End soon: a call that has not been answered by then is made again by another process."""
        self._stopping.set()
        if self._task is not None:
            await _end({self._task})
        await _end(set(self._calls))

    async def deliver_due(self) -> int:
        """Begin the calls that are due, as many as there may be at a time; how many those were.

        Raises StoreUnavailableError.
        """
        claimed = await self._in_thread(self._claim)
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self._calls[task] = delivery
            task.add_done_callback(self._calls.pop)
        return len(claimed)

    async def finish_calls(self) -> None:
        """Wait for the calls that were begun."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            pause = LOOK_SECONDS
            try:
                if await self.deliver_due():
                    continue
            except StoreError as error:
                logger.warning("webhooks wait for the database: %s", error)
                pause = AWAY_SECONDS
            except Exception:
                # Whatever it is, the webhooks after it are to be told.
                logger.exception("webhooks could not be delivered")
                pause = AWAY_SECONDS
            await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        """Wait; a call that ends makes room for another at once."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {stopping, *self._calls}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()

    def _claim(self) -> tuple[ClaimedDelivery, ...]:
        under_way = [delivery.webhook_id for delivery in tuple(self._calls.values())]
        free = CONCURRENT_CALLS - len(under_way)
        if free <= 0:
            return ()
        with self._database.reading() as session:
            # Most of the time there is nothing, and a writer would keep others waiting.
            if not has_due_deliveries(session):
                return ()
        # Before the lease begins, and not in the event loop.
        _ = self._caller
        lease_seconds = self._settings.webhook_timeout_seconds + LEASE_MARGIN_SECONDS
        with self._database.writing() as session:
            return claim_due_deliveries(session, free, lease_seconds, CALLS_PER_WEBHOOK, under_way)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        call = await self._caller.call(claimed)
        try:
            await self._in_thread(lambda: self._note(claimed, call))
        except StoreError as error:
            logger.warning("delivery %s is not noted and will be repeated: %s", claimed.id, error)

    def _note(self, claimed: ClaimedDelivery, call: CallResult) -> None:
        with self._database.writing() as session:
            note_attempt(
                session,
                claimed,
                call,
                retry_seconds(claimed.number),
                self._settings.webhook_retry_seconds,
            )

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(work, limiter=self._threads)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for tasks for a while, then break them off."""
    if not tasks:
        return
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def retry_seconds(number: int) -> float:
    """How long to wait after so many attempts: twice as long each time, with jitter, to a limit.

    A receiver that was down is not called by everybody at once when it is back.
    """
    longest = min(FIRST_RETRY_SECONDS * 2.0 ** min(number - 1, 30), LAST_RETRY_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - nothing to guess
