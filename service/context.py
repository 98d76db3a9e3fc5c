"""What every use case has at hand: settings, database, blobs, doorbell, loaded models."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from service.runtime.event_broadcast import EventBroadcaster
from service.runtime.job_notifier import JobNotifier
from service.runtime.model_cache import ModelCache
from service.runtime.polling import Polls
from store.blobs.blobs import BlobStore
from store.broker import Broker
from store.db.database import Database
from store.settings import Settings

READERS = 4


@dataclass(frozen=True)
class Context:
    """Made once by `create_app`, shared by all requests."""

    settings: Settings
    database: Database
    blobs: BlobStore
    doorbell: Broker | None
    ringer: JobNotifier | None
    served: ModelCache
    feeds: EventBroadcaster
    polls: Polls
    # So many files are read at once, for what that takes of memory and of the threads of others.
    readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS))

    def ring(self, job_id: str) -> None:
        """Ring for a job after its commit; without a broker the workers' sweep finds it."""
        if self.ringer is not None:
            self.ringer.ring(job_id)


async def _context(request: Request) -> Context:
    # Async although it waits for nothing: FastAPI would hand a plain function to a thread.
    return cast("Context", request.app.state.context)


ContextDep = Annotated[Context, Depends(_context)]
