"""Opening of a claimed job's training: load data, build the network, restore a checkpoint."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, ResolvedSpec
from engine.stored.preprocessing import read_preprocessing
from engine.stored.specs import read_spec
from engine.stored.training_states import upgrade_training_state
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol
from engine.training.training import Training, TrainingState
from store.blobs.artifacts import get_artifact
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.jobs.checkpoints import Checkpoint, find_checkpoint
from store.jobs.jobs import JobRecord
from store.models import get_model
from store.prepared.loader import TrainingDataLoader
from store.prepared.recent import RecentData
from store.settings import Settings
from workers.training_recorder import TrainingRecorder


class OpeningContext(Protocol):
    """The resources of a worker that opening a training needs."""

    database: Database
    blobs: BlobStore
    settings: Settings
    environment: dict[str, Any]
    prepared: Cache
    recent: RecentData


@dataclass
class OpenTrainingCache:
    """The training of the last slice, kept open so that the job's next slice starts at once."""

    job_id: str = ""
    token: int = 0
    recorder: TrainingRecorder | None = None

    def keep(self, job: JobRecord, recorder: TrainingRecorder) -> None:
        """Keep a recorder whose steps are all contained in a checkpoint."""
        self.job_id, self.token, self.recorder = job.id, job.token, recorder

    def take(self, job: JobRecord) -> TrainingRecorder | None:
        """Return the recorder if no other worker has held the job since; empty the cache."""
        recorder, self.recorder = self.recorder, None
        if (job.id, job.token) != (self.job_id, self.token + 1):
            return None
        return recorder


def open_training(context: OpeningContext, job: JobRecord) -> TrainingRecorder:
    """Open a job's training, restored from its last checkpoint if it has one.

    Raises DataError, NotFoundError, LaterVersionError, DamagedArtifactError,
    StoreUnavailableError.
    """
    started = time.monotonic()
    spec = read_spec(job.spec, job.spec_version)
    fitted, weights = None, None
    if job.start_from is not None:
        fitted, weights = _load_model(context.database, job.start_from["model_id"])
    loader = _open_data_loader(context, job, spec, fitted)
    training: TrainingProtocol
    if isinstance(spec.validation, FoldsValidation):
        training = FoldedTraining(spec, loader.prepare, weights)
    else:
        training = Training(spec, loader.prepare(), weights)
    recorder = TrainingRecorder(job, training, spec.max_seconds, loader, context.environment)
    checkpoint = _find_checkpoint(context.database, job)
    if checkpoint is not None:
        _restore(recorder, checkpoint)
    elif isinstance(training, FoldedTraining):
        training.open()
    recorder.end_preparing(started)
    return recorder


def _open_data_loader(
    context: OpeningContext, job: JobRecord, spec: ResolvedSpec, fitted: Preprocessing | None
) -> TrainingDataLoader:
    other = job.validation_dataset_id
    with context.database.reading() as session:
        dataset = get_dataset(session, job.dataset_id)
        validation_dataset = None if other is None else get_dataset(session, other)
    return TrainingDataLoader(
        spec=spec,
        dataset=dataset,
        validation_dataset=validation_dataset,
        fitted=fitted,
        blobs=context.blobs,
        cache=context.prepared,
        recent=context.recent,
        max_resident_bytes=context.settings.max_resident_data_bytes,
    )


def _find_checkpoint(database: Database, job: JobRecord) -> Checkpoint | None:
    """Return the checkpoint of an earlier slice; the first slice skips the query."""
    if job.token <= 1:
        return None
    with database.reading() as session:
        return find_checkpoint(session, job.id)


def _load_model(database: Database, model_id: str) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        model = get_model(session, model_id)
        weights = get_artifact(session, model.artifact)
    preprocessing = read_preprocessing(model.preprocessing, model.spec_version)
    return preprocessing, unpack_arrays(weights)


def _restore(recorder: TrainingRecorder, checkpoint: Checkpoint) -> None:
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    recorder.training.restore(upgrade_training_state(state, checkpoint.spec_version))
    recorder.restore(checkpoint)
