"""Opening of a job's data: spec, prepared rows and initial weights.

Workers train on them, and the API can compute from the same bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import read_preprocessing
from engine.stored.specs import read_spec
from engine.stored.training_states import upgrade_training_state
from engine.training.loop import TrainingState
from engine.weights import named_weights
from store.blobs.artifacts import get_artifact
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.errors import NotFoundError
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.checkpoints import find_training_checkpoint
from store.models import get_model
from store.prepared.loader import TrainingDataLoader
from store.prepared.recent import RecentData
from store.settings import Settings
from store.statuses import TRAINING


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


@dataclass(frozen=True)
class DataSources:
    """The datasets and the initial weights of a training, whether or not it has a job.

    Attributes:
        spec: resolved spec.
        dataset_id: training dataset.
        validation_dataset_id: separate validation dataset, or None.
        start_from: `model_id`, or `job_id` and `steps` of a checkpoint; None for new weights.
    """

    spec: ResolvedSpec
    dataset_id: str
    validation_dataset_id: str | None = None
    start_from: Mapping[str, Any] | None = None


def open_job_data(resources: DataResources, job: JobRecord) -> JobData:
    """Open a job's data; see `open_data`."""
    spec = read_spec(job.spec, job.spec_version)
    ids = job.dataset_id, job.validation_dataset_id
    return open_data(resources, DataSources(spec, *ids, job.start_from))


def open_data(resources: DataResources, sources: DataSources) -> JobData:
    """Open the data of a training; `loader.prepare` then reads the rows.

    Raises NotFoundError, LaterVersionError, DamagedArtifactError, StoreUnavailableError.
    """
    fitted, weights = None, None
    if sources.start_from is not None:
        folder = resources.settings.data_dir
        fitted, weights = _load_weights(resources.database, folder, sources.start_from)
    return JobData(sources.spec, _open_loader(resources, sources, fitted), weights)


def open_prepared_cache(settings: Settings) -> Cache:
    """Return the cache of prepared matrices that the processes of this machine share."""
    return Cache(settings.data_dir / "cache" / "prepared", settings.prepared_cache_bytes)


def _open_loader(
    resources: DataResources, sources: DataSources, fitted: Preprocessing | None
) -> TrainingDataLoader:
    others = (sources.validation_dataset_id, sources.spec.test_dataset_id)
    with resources.database.reading() as session:
        dataset = get_dataset(session, sources.dataset_id)
        validation_dataset, test_dataset = (
            None if other is None else get_dataset(session, other) for other in others
        )
    return TrainingDataLoader(
        spec=sources.spec,
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


def _load_weights(
    database: Database, folder: Path, start_from: Mapping[str, Any]
) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    """Return the preprocessing and the weights of a model or a checkpoint."""
    if "model_id" not in start_from:
        return _load_checkpoint(database, folder, start_from["job_id"], start_from["steps"])
    with database.reading() as session:
        model = get_model(session, start_from["model_id"])
        weights = get_artifact(session, model.artifact)
    preprocessing = read_preprocessing(model.preprocessing, model.spec_version)
    return preprocessing, unpack_arrays(weights)


def _load_checkpoint(
    database: Database, folder: Path, job_id: str, steps: int
) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        job = get_job(session, job_id, TRAINING)
        checkpoint = find_training_checkpoint(session, job_id, steps, folder)
    if checkpoint is None:
        raise NotFoundError("checkpoint", f"{job_id} after {steps} steps")
    state = TrainingState(checkpoint.arrays, checkpoint.numbers["training"])
    parameters = upgrade_training_state(state, checkpoint.spec_version).arrays["parameters"]
    fitted = read_preprocessing(checkpoint.numbers["preprocessing"], checkpoint.spec_version)
    spec = read_spec(job.spec, job.spec_version)
    return fitted, named_weights(spec, fitted.width, parameters)
