"""The application context: settings, database, blobs, broker, loaded models."""

from dataclasses import dataclass, field
from threading import Event
from typing import Annotated, Any, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from service.runtime.compute_pool import ComputePool
from service.runtime.event_broadcast import EventBroadcaster
from service.runtime.file_readers import FileReaders
from service.runtime.job_notifier import JobNotifier
from service.runtime.model_cache import ModelCache
from service.runtime.polling import Polls
from service.runtime.shared_files import SharedFiles
from store.blobs.blobs import BlobStore
from store.broker import Broker
from store.db.database import Database
from store.environment import environment_fingerprint
from store.settings import Settings

READERS = 4


@dataclass(frozen=True)
class Context:
    """Resources created once by `create_app` and shared by all requests."""

    settings: Settings
    database: Database
    blobs: BlobStore
    broker: Broker | None
    job_notifier: JobNotifier | None
    served: ModelCache
    feeds: EventBroadcaster
    polls: Polls
    compute: ComputePool
    # The files read concurrently are limited: each takes memory and a thread.
    readers: FileReaders
    environment: dict[str, Any] = field(default_factory=environment_fingerprint)
    # Large tables of rows to predict are read in other places: they must not wait for uploads.
    row_readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS))

    # Weights that are being sent.
    shared_files: SharedFiles = field(default_factory=SharedFiles)

    # Set when the service stops, so that files are not read to their ends.
    stopping: Event = field(default_factory=Event)

    def notify(self, job_id: str) -> None:
        """Publish a committed job to the broker; without a broker the workers' sweep finds it."""
        if self.job_notifier is not None:
            self.job_notifier.notify(job_id)


async def _context(request: Request) -> Context:
    # Async although it does not await: FastAPI would run a plain function in a thread.
    return cast("Context", request.app.state.context)


ContextDep = Annotated[Context, Depends(_context)]
