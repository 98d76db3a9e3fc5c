"""Delivery of the webhook outbox in the background of each API process."""

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
    record_attempt,
)

if TYPE_CHECKING:
    from service.webhooks.sender import WebhookSender

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CONCURRENT_CALLS = 16
CALLS_PER_WEBHOOK = 4
POLL_SECONDS = 0.5
AWAY_SECONDS = 5.0
# Allowance for the database before and after a call.
LEASE_MARGIN_SECONDS = 20.0
STOP_SECONDS = 2.0
FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 7200.0


class Deliverer:
    """A task that claims due deliveries, makes the calls, and records the outcomes."""

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
        """Start delivering, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="deliverer")

    async def stop(self) -> None:
        """Stop within seconds; a call without a response by then is repeated by another process."""
        self._stopping.set()
        if self._task is not None:
            await _end({self._task})
        await _end(set(self._calls))

    async def deliver_due(self) -> int:
        """Start due calls, up to the limit of concurrent calls; return their number.

        Raises StoreUnavailableError.
        """
        claimed = await self._in_thread(self._claim)
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self._calls[task] = delivery
            task.add_done_callback(self._calls.pop)
        return len(claimed)

    async def finish_calls(self) -> None:
        """Wait for the started calls."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            pause = POLL_SECONDS
            try:
                if await self.deliver_due():
                    continue
            except StoreError as error:
                logger.warning("webhooks wait for the database: %s", error)
                pause = AWAY_SECONDS
            except Exception:
                # After any error the other webhooks must still be called.
                logger.exception("webhooks could not be delivered")
                pause = AWAY_SECONDS
            await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        """Wait up to `seconds`, or until a call ends or the service stops."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {stopping, *self._calls}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()

    def _claim(self) -> tuple[ClaimedDelivery, ...]:
        running = [delivery.webhook_id for delivery in tuple(self._calls.values())]
        free = CONCURRENT_CALLS - len(running)
        if free <= 0:
            return ()
        with self._database.reading() as session:
            # Usually nothing is due, and a write transaction would block other writers.
            if not has_due_deliveries(session):
                return ()
        # Before the lease begins, and not in the event loop.
        _ = self._caller
        lease_seconds = self._settings.webhook_timeout_seconds + LEASE_MARGIN_SECONDS
        with self._database.writing() as session:
            return claim_due_deliveries(session, free, lease_seconds, CALLS_PER_WEBHOOK, running)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        call = await self._caller.call(claimed)
        try:
            await self._in_thread(lambda: self._record(claimed, call))
        except StoreError as error:
            logger.warning(
                "delivery %s could not be recorded and will be repeated: %s", claimed.id, error
            )

    def _record(self, claimed: ClaimedDelivery, call: CallResult) -> None:
        with self._database.writing() as session:
            record_attempt(
                session,
                claimed,
                call,
                retry_seconds(claimed.number),
                self._settings.webhook_retry_seconds,
            )

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(work, limiter=self._threads)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for tasks for a while, then cancel them."""
    if not tasks:
        return
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def retry_seconds(number: int) -> float:
    """Return the delay after `number` attempts: exponential backoff with jitter and a limit.

    The jitter keeps a receiver that has recovered from being called by all processes at once.
    """
    longest = min(FIRST_RETRY_SECONDS * 2.0 ** min(number - 1, 30), LAST_RETRY_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - not security-sensitive
