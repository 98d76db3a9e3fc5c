"""The queue's doorbell: a Celery message that says there is work, never which.

The database is the truth. A ring may be lost or repeated: a sweep rings again for a job that
nobody took, and a worker that finds nothing to do goes back to sleep.
"""

from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import OperationalError

from store.errors import StoreUnavailableError

TASK_NAME = "backpropd.train_slice"
QUEUE_NAME = "backpropd"
# A silent Redis would hold a publisher for more than a minute.
SOCKET_TIMEOUT_SECONDS = 2.0
# One more try at once: a broker that is away is a matter for the sweep.
PUBLISH_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def make_celery(broker_url: str) -> Celery:
    """A Celery application on this broker, configured alike for those who ring and who answer."""
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


class Doorbell:
    """Rings for workers. Publishing may take seconds when the broker is silent."""

    def __init__(self, broker_url: str) -> None:
        self._app = make_celery(broker_url)

    def ring(self, times: int = 1) -> None:
        """Say that there is work, so many times. Raises StoreUnavailableError."""
        try:
            with self._app.connection_for_write() as connection:
                for _ in range(times):
                    self._app.send_task(TASK_NAME, connection=connection, retry=False)
        except (OperationalError, OSError) as error:
            raise StoreUnavailableError(f"broker: {error}") from error

    def ping(self) -> None:
        """Raise StoreUnavailableError unless the broker can be reached."""
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(**PUBLISH_RETRIES)
        except (OperationalError, OSError) as error:
            raise StoreUnavailableError(f"broker: {error}") from error

    @property
    def kind(self) -> str:
        """The broker's transport, such as `redis` or `filesystem`."""
        return str(self._app.connection_for_write().transport_cls)
