"""The queue's doorbell: a Celery message that says there is work, never which.

The database is the truth. A ring may be lost or repeated: a sweep rings again for a job that
nobody took, and a worker that finds nothing to do goes back to sleep.

Celery is imported by the first thread that needs it: that takes a fifth of a second, and a request
must not wait for it.
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
# A silent Redis would hold a publisher for more than a minute.
SOCKET_TIMEOUT_SECONDS = 2.0
# A broker that is away is a matter for whoever rings: kombu would sleep between its tries.
PUBLISH_RETRIES = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
# A consumer that has heard nothing from Redis for a second more than this connects anew.
HEALTH_CHECK_SECONDS = 2


def make_celery(broker_url: str) -> "Celery":
    """A Celery application on this broker, configured alike for those who ring and who answer."""
    from celery import Celery

    app = Celery("backpropd", set_as_current=False)
    url, options = _transport(broker_url)
    app.conf.update(
        broker_url=url,
        broker_transport_options=options,
        broker_connection_retry_on_startup=True,
        # The supervisor restarts a worker; the worker itself never gives its broker up.
        broker_connection_max_retries=None,
        task_default_queue=QUEUE_NAME,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # The ring is answered once the slice is over, and each child holds one at a time.
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
    """Rings for workers. Publishing may take seconds when the broker is silent.

    Each thread that rings keeps a connection: making one takes longer than a tiny job's training.
    """

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._mine = threading.local()

    @cached_property
    def _app(self) -> "Celery":
        return make_celery(self._broker_url)

    def load(self) -> None:
        """Import Celery ahead of the first ring."""
        _ = self._app

    def ring(self, times: int = 1) -> None:
        """Say that there is work, so many times; after an error it may have been said already.

        Raises StoreUnavailableError.
        """
        began = time.monotonic()
        if self._has_producer():
            with suppress(StoreUnavailableError):
                self._publish(times)
                return
            # The broker may have been started again since the connection was made.
            if time.monotonic() - began >= SOCKET_TIMEOUT_SECONDS:
                msg = "broker: it is silent"
                raise StoreUnavailableError(msg)
        self._publish(times)

    def _publish(self, times: int) -> None:
        """Publish over the thread's connection, which does not survive an error."""
        if not self._has_producer():
            self._mine.connection = self._app.connection_for_write()
            self._mine.producer = self._app.amqp.Producer(self._mine.connection)
        connection: Any = self._mine.connection  # kombu is typed in parts
        try:
            with _errors_named(connection):
                for _ in range(times):
                    self._app.send_task(TASK_NAME, producer=self._mine.producer, retry=False)
        except BaseException:
            del self._mine.producer
            with suppress(Exception):
                connection.close()
            raise

    def _has_producer(self) -> bool:
        return hasattr(self._mine, "producer")

    def ping(self) -> None:
        """Raise StoreUnavailableError unless the broker can be reached."""
        with self._app.connection_for_write() as connection, _errors_named(connection):
            connection.ensure_connection(**PUBLISH_RETRIES)

    @property
    def kind(self) -> str:
        """The broker's transport, such as `redis` or `filesystem`."""
        return str(self._app.connection_for_write().transport_cls)


@contextmanager
def _errors_named(connection: Any) -> Iterator[None]:  # noqa: ANN401 - a kombu Connection
    from kombu.exceptions import KombuError

    known = (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
    try:
        yield
    except known as error:
        raise StoreUnavailableError(f"broker: {error}") from error
