"""Opening of a job's data: spec, prepared rows and initial weights.

Workers train on them, and the API can compute from the same bits.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import read_preprocessing
from engine.stored.specs import read_spec
from store.blobs.artifacts import get_artifact
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.models import get_model
from store.prepared.loader import TrainingDataLoader
from store.prepared.recent import RecentData
from store.settings import Settings


class DataResources(Protocol):
    """The resources of a process that opening a job's data needs.

    Attributes:
        environment: fingerprint of the process, see `store.environment`.
        prepared: on-disk cache of prepared matrices, see `open_prepared_cache`.
        recent: in-memory cache of small prepared tables of this process.
    """

    database: Database
    blobs: BlobStore
    settings: Settings
    environment: dict[str, Any]
    prepared: Cache
    recent: RecentData


@dataclass(frozen=True)
class JobData:
    """The data of a job.

    Attributes:
        spec: resolved spec.
        loader: loads and prepares the rows.
        weights: initial weights by name; None for new ones.
    """

    spec: ResolvedSpec
    loader: TrainingDataLoader
    weights: dict[str, NDArray[Any]] | None


def open_job_data(resources: DataResources, job: JobRecord) -> JobData:
    """Open a job's data; `loader.prepare` then reads the rows.

    Raises NotFoundError, LaterVersionError, DamagedArtifactError, StoreUnavailableError.
    """
    spec = read_spec(job.spec, job.spec_version)
    fitted, weights = None, None
    if job.start_from is not None:
        fitted, weights = _load_model(resources.database, job.start_from["model_id"])
    return JobData(spec, _open_loader(resources, job, spec, fitted), weights)


def open_prepared_cache(settings: Settings) -> Cache:
    """Return the cache of prepared matrices that the processes of this machine share."""
    return Cache(settings.data_dir / "cache" / "prepared", settings.prepared_cache_bytes)


def _open_loader(
    resources: DataResources, job: JobRecord, spec: ResolvedSpec, fitted: Preprocessing | None
) -> TrainingDataLoader:
    others = (job.validation_dataset_id, spec.test_dataset_id)
    with resources.database.reading() as session:
        dataset = get_dataset(session, job.dataset_id)
        validation_dataset, test_dataset = (
            None if other is None else get_dataset(session, other) for other in others
        )
    return TrainingDataLoader(
        spec=spec,
        dataset=dataset,
        validation_dataset=validation_dataset,
        test_dataset=test_dataset,
        fitted=fitted,
        blobs=resources.blobs,
        cache=resources.prepared,
        recent=resources.recent,
        environment=resources.environment,
        max_resident_bytes=resources.settings.max_resident_data_bytes,
    )


def _load_model(database: Database, model_id: str) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        model = get_model(session, model_id)
        weights = get_artifact(session, model.artifact)
    preprocessing = read_preprocessing(model.preprocessing, model.spec_version)
    return preprocessing, unpack_arrays(weights)
