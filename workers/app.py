"""The Celery application: the task, and the start and stop hooks of a worker's processes.

Started as `celery --app workers.app:app worker`; `backpropd worker` runs this command with the
required environment. Only this module reads settings at import time, because Celery requires it.
"""

import logging
import os
import threading
from dataclasses import dataclass
from typing import Any

from celery import signals

from engine.numerics.blas import warm_up_products
from store.blobs.blobs import open_blobs
from store.broker import TASK_NAME, Broker, make_celery
from store.db.database import Database
from store.environment.memory import end_before_parent, use_system_allocator
from store.errors import StoreError
from store.settings import load_settings
from store.workers import retire_worker
from workers.context import WorkerContext
from workers.process.consumer import ReturningConsumer
from workers.process.parent_watch import watch_parent
from workers.process.pool import configure_pool
from workers.process.schema_check import require_schema
from workers.process.shutdown import ShutdownFlag
from workers.registry import KINDS
from workers.slices import run_slice
from workers.sweep.sweeper import Sweeper

logger = logging.getLogger(__name__)

settings = load_settings()
if settings.broker_url is None:
    raise SystemExit("BACKPROPD_BROKER_URL is not set: a worker needs a broker")
broker_url = settings.broker_url
app = make_celery(broker_url)
app.conf.worker_consumer = ReturningConsumer
configure_pool(app)


@dataclass
class _Process:
    """Process-wide state: set by the parent before the fork, completed by each child after it."""

    name: str = "worker"
    parent: int | None = None
    shutdown: ShutdownFlag | None = None
    context: WorkerContext | None = None
    broker: Broker | None = None


_process = _Process()
_busy = threading.Event()


def load() -> None:
    """Import before the fork what the children share, and what the start needs besides."""
    use_system_allocator()
    import pyarrow.compute  # noqa: F401, PLC0415

    app.connection_for_write().get_transport_cls()


@signals.worker_init.connect
def _before_fork(sender: Any, **_: Any) -> None:  # noqa: ANN401
    require_schema(settings.database_url)
    _process.name = sender.hostname.partition("@")[0]
    _process.parent = os.getpid()
    _process.shutdown = ShutdownFlag()
    load()


@signals.worker_shutting_down.connect
def _on_shutdown(**_: Any) -> None:  # noqa: ANN401
    if _process.shutdown is not None:
        _process.shutdown.set()


@signals.worker_shutdown.connect
def _after_shutdown(**_: Any) -> None:  # noqa: ANN401
    database = Database(settings.database_url)
    try:
        with database.writing() as session:
            retire_worker(session, _process.name)
    except StoreError as error:
        logger.warning("cannot remove this worker from the list of workers: %s", error)
    finally:
        database.close()


@signals.worker_process_init.connect
def _after_fork(**_: Any) -> None:  # noqa: ANN401
    end_before_parent()
    warm_up_products()
    database = Database(settings.database_url)
    blobs = open_blobs(settings)
    shutdown = _process.shutdown or ShutdownFlag()
    watch_parent(shutdown, _busy.is_set, _process.parent)
    context = WorkerContext(database, blobs, settings, _process.name, shutdown, KINDS)
    _process.context = context
    _process.broker = Broker(broker_url)
    Sweeper(
        database,
        blobs,
        _process.broker,
        settings,
        context.name,
        context.environment,
        lambda: not _busy.is_set(),
        KINDS,
    ).start()


@app.task(name=TASK_NAME, ignore_result=True)
def train_slice() -> None:
    """Claim the next job, of any kind, and work on it for one slice.

    The task's name is older than kinds of work; it stays, because waiting messages contain it.

    A task must not raise: a MemoryError would end the whole worker, and any other exception would
    only report to Celery what the database already records.
    """
    context, broker = _process.context, _process.broker
    if context is None or broker is None or context.shutdown.is_set():
        # A worker that shuts down claims no job; the next one to start publishes waiting jobs.
        return
    _busy.set()
    try:
        if run_slice(context):
            broker.publish()
    except StoreError as error:
        logger.warning("slice abandoned, a sweep will publish its job again: %s", error)
    except Exception:  # includes MemoryError
        logger.exception("slice abandoned, a sweep will publish its job again")
    finally:
        _busy.clear()
