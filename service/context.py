"""What every use case has at hand: settings, database, blobs, doorbell, loaded models."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from service.runtime.event_broadcast import Feeds
from service.runtime.job_notifier import Ringer
from service.runtime.model_cache import ServedModels
from service.runtime.polling import Polls
from store.blobs.blobs import BlobStore
from store.broker import Doorbell
from store.db.database import Database
from store.settings import Settings

READERS = 4


@dataclass(frozen=True)
class Context:
    """Made once by `create_app`, shared by all requests."""

    settings: Settings
    database: Database
    blobs: BlobStore
    doorbell: Doorbell | None
    ringer: Ringer | None
    served: ServedModels
    feeds: Feeds
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


Here = Annotated[Context, Depends(_context)]
