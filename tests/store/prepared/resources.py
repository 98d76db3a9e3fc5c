"""The resources of a process that opens jobs' data."""

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
class Resources:
    """The resources of a process that is not a worker, such as the API's."""

    settings: Settings
    environment: dict[str, Any] = field(default_factory=environment_fingerprint)
    recent: RecentData = field(default_factory=RecentData)
    database: Database = field(init=False)
    blobs: BlobStore = field(init=False)
    prepared: Cache = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.settings.database_url)
        self.blobs = open_blobs(self.settings)
        self.prepared = open_prepared_cache(self.settings)
