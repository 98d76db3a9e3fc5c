"""Resources of the child processes that compute with jobs and models."""

from dataclasses import dataclass, field
from typing import Any

from store.blobs.blobs import BlobStore, open_blobs
from store.blobs.disk_cache import Cache
from store.db.database import Database
from store.environment import environment_fingerprint
from store.prepared.open import open_prepared_cache
from store.prepared.recent import RecentData
from store.settings import Settings


@dataclass
class ComputeResources:
    """Resources of a child process, see `store.prepared.open.DataResources`."""

    settings: Settings
    database: Database
    blobs: BlobStore
    prepared: Cache
    environment: dict[str, Any] = field(default_factory=environment_fingerprint)
    recent: RecentData = field(default_factory=RecentData)


def open_resources(settings: Settings) -> ComputeResources:
    """Return new resources. Raises StoreUnavailableError."""
    database = Database(settings.database_url)
    return ComputeResources(settings, database, open_blobs(settings), open_prepared_cache(settings))
