"""The Celery application and the client that publishes work notifications to the broker.

The database is the truth. A message may be lost or repeated: the sweep publishes again for a job
that no worker took, and a worker that finds nothing to do returns to its queue.

Celery is imported by the first thread that publishes or pings, not with this module: importing it
takes a fifth of a second.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from celery import Celery

TASK_NAME = "backpropd.train_slice"
QUEUE_NAME = "backpropd"
# Without a timeout, an unresponsive Redis blocks a publisher for more than a minute.
SOCKET_TIMEOUT_SECONDS = 2.0
# Callers handle an unavailable broker themselves: kombu would sleep between retries.
PUBLISH_RETRIES = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
# A consumer that has received nothing from Redis for one second longer than this reconnects.
HEALTH_CHECK_SECONDS = 2


def make_celery(broker_url: str) -> "Celery":
    """Make the Celery application, configured alike for publishers and workers."""
    from celery import Celery

    app = Celery("backpropd", set_as_current=False)
    url, options = _transport(broker_url)
    app.conf.update(
        broker_url=url,
        broker_transport_options=options,
        broker_connection_retry_on_startup=True,
        # A worker never stops reconnecting: only the supervisor restarts workers.
        broker_connection_max_retries=None,
        task_default_queue=QUEUE_NAME,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # A message is acknowledged after the slice; each worker process holds one at a time.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def _transport(broker_url: str) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(broker_url)
    if parts.scheme != "filesystem":
        return broker_url, {
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
            "health_check_interval": HEALTH_CHECK_SECONDS,
            **PUBLISH_RETRIES,
        }
    folder = parts.path
    return "filesystem://", {
        "data_folder_in": f"{folder}/messages",
        "data_folder_out": f"{folder}/messages",
        "control_folder": f"{folder}/control",
        "store_processed": False,
        "polling_interval": 0.05,
    }


class Broker:
    """Client of the message broker. Publishing takes seconds if the broker does not respond.

    Each publishing thread keeps a connection: connecting takes longer than training a tiny job.
    """

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._local = threading.local()

    @cached_property
    def _app(self) -> "Celery":
        return make_celery(self._broker_url)

    def load(self) -> None:
        """Import Celery ahead of the first message."""
        _ = self._app

    def publish(self, times: int = 1) -> None:
        """Publish `times` messages; after an error, some may have been published.

        Raises StoreUnavailableError.
        """
        began = time.monotonic()
        if self._has_producer():
            with suppress(StoreUnavailableError):
                self._send(times)
                return
            # The broker may have restarted since the connection was made: try a new one, once.
            if time.monotonic() - began >= SOCKET_TIMEOUT_SECONDS:
                msg = "broker: it does not respond"
                raise StoreUnavailableError(msg)
        self._send(times)

    def _send(self, times: int) -> None:
        """Publish over the thread's connection, and close it on an error."""
        if not self._has_producer():
            self._local.connection = self._app.connection_for_write()
            self._local.producer = self._app.amqp.Producer(self._local.connection)
        connection: Any = self._local.connection  # kombu is only partly typed
        try:
            with _translate_errors(connection):
                for _ in range(times):
                    self._app.send_task(TASK_NAME, producer=self._local.producer, retry=False)
        except BaseException:
            del self._local.producer
            with suppress(Exception):
                connection.close()
            raise

    def close(self) -> None:
        """Close the calling thread's connection, if it has one; the next message makes another."""
        if self._has_producer():
            del self._local.producer
            with suppress(Exception):
                self._local.connection.close()

    def _has_producer(self) -> bool:
        return hasattr(self._local, "producer")

    def ping(self) -> None:
        """Check the connection. Raises StoreUnavailableError if the broker cannot be reached."""
        with self._app.connection_for_write() as connection, _translate_errors(connection):
            connection.ensure_connection(**PUBLISH_RETRIES)

    @property
    def kind(self) -> str:
        """The broker's transport, such as `redis` or `filesystem`."""
        return str(self._app.connection_for_write().transport_cls)


@contextmanager
def _translate_errors(connection: Any) -> Iterator[None]:  # noqa: ANN401 - a kombu Connection
    from kombu.exceptions import KombuError

    errors = (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
    try:
        yield
    except errors as error:
        raise StoreUnavailableError(f"broker: {error}") from error
