"""State of a worker process between slices: resources, kinds of work, the last open work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.db.database import Database
from store.environment import environment_fingerprint, hash_environment
from store.jobs.jobs import JobRecord
from store.prepared.open import open_prepared_cache
from store.prepared.recent import RecentData
from store.settings import Settings
from workers.kinds import OpenWork, WorkKind
from workers.process.end_process import end_process
from workers.process.memory_limit import MemoryLimit
from workers.process.shutdown import ShutdownFlag


@dataclass
class OpenWorkCache:
    """The work of the last slice, kept open so that the job's next slice starts at once."""

    job_id: str = ""
    token: int = 0
    work: OpenWork[Any] | None = None

    def keep(self, job: JobRecord, work: OpenWork[Any]) -> None:
        """Keep work whose steps are all contained in a checkpoint."""
        self.job_id, self.token, self.work = job.id, job.token, work

    def take(self, job: JobRecord) -> OpenWork[Any] | None:
        """Return the work if no other worker has held the job since; empty the cache."""
        work, self.work = self.work, None
        if work is not None and (job.id, job.token) != (self.job_id, self.token + 1):
            work.close()
            return None
        return work


@dataclass
class WorkerContext:
    """Resources of a worker process that every slice uses, see `store.prepared.open.DataResources`.

    Attributes:
        kinds: the kinds of work that this worker knows, by name.
        environment_sha256: hash of the environment, which some jobs require.
        cache: the open work of the last slice.
        memory: the memory limit of a job.
        end_process: ends this process, for a job that cannot be left otherwise.
    """

    database: Database
    blobs: BlobStore
    settings: Settings
    name: str
    shutdown: ShutdownFlag
    kinds: Mapping[str, WorkKind]
    environment: dict[str, Any] = field(default_factory=environment_fingerprint)
    environment_sha256: str = field(init=False)
    prepared: Cache = field(init=False)
    recent: RecentData = field(default_factory=RecentData)
    cache: OpenWorkCache = field(default_factory=OpenWorkCache)
    memory: MemoryLimit = field(init=False)
    end_process: Callable[[], None] = end_process

    def __post_init__(self) -> None:
        self.prepared = open_prepared_cache(self.settings)
        self.memory = MemoryLimit(self.settings.max_job_memory_bytes)
        self.environment_sha256 = hash_environment(self.environment)
