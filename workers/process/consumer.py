"""Celery consumer that reconnects within a second of its broker's return.

Celery backs off after each failed connection attempt, up to about half a minute; jobs posted in
the meantime would wait that long.
"""

import logging
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.5


class ReturningConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Consumer that retries its connection twice per second without a limit."""

    def ensure_connected(self, conn: Any) -> Any:  # noqa: ANN401 - a kombu Connection
        """Connect, retrying until the connection succeeds or the worker shuts down."""
        has_failed = False

        def log_first_failure(error: Exception, _seconds: float) -> None:
            nonlocal has_failed
            if not has_failed:  # once per outage instead of twice per second
                logger.error("cannot connect to %s, retrying: %s", conn.as_uri(), error)
            has_failed = True

        connection = conn.ensure_connection(
            log_first_failure,
            interval_start=RECONNECT_SECONDS,
            interval_step=0,
            interval_max=RECONNECT_SECONDS,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connection
