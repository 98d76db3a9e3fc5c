"""Celery's consumer, back within a second of its broker's return.

Celery waits longer after each failed attempt to connect, for half a minute in the end: jobs that
were posted meanwhile would wait as long.
"""

import logging
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.5


class ReturningConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Tries to connect twice a second, for as long as it takes."""

    def ensure_connected(self, conn: Any) -> Any:  # noqa: ANN401 - a kombu Connection
        """Connect, or go on trying until the worker is to leave."""
        has_failed = False

        def note(error: Exception, _seconds: float) -> None:
            nonlocal has_failed
            if not has_failed:  # once for an outage, not twice a second
                logger.error("cannot connect to %s, trying on: %s", conn.as_uri(), error)
            has_failed = True

        connection = conn.ensure_connection(
            note,
            interval_start=RECONNECT_SECONDS,
            interval_step=0,
            interval_max=RECONNECT_SECONDS,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connection
