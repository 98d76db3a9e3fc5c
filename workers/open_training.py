"""From a claimed job to a training that can go on: data read, network built, state restored."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, ResolvedSpec
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
from store.settings import Settings
from workers.training_data import PREPROCESSING, RecentData, TrainingDataLoader
from workers.training_recorder import TrainingRecorder


class OpeningContext(Protocol):
    """What a worker has at hand to open a job with."""

    database: Database
    blobs: BlobStore
    settings: Settings
    environment: dict[str, Any]
    prepared: Cache
    recent: RecentData


@dataclass
class OpenTrainingCache:
    """The last job's ledger, so that its next slice in this process costs next to nothing."""

    job_id: str = ""
    token: int = 0
    ledger: TrainingRecorder | None = None

    def keep(self, job: JobRecord, ledger: TrainingRecorder) -> None:
        """Remember a ledger whose every step is in a checkpoint."""
        self.job_id, self.token, self.ledger = job.id, job.token, ledger

    def take(self, job: JobRecord) -> TrainingRecorder | None:
        """The ledger, if nobody has held the job since; forgotten here either way."""
        ledger, self.ledger = self.ledger, None
        if (job.id, job.token) != (self.job_id, self.token + 1):
            return None
        return ledger


def open_training(shop: OpeningContext, job: JobRecord) -> TrainingRecorder:
    """Make a job ready to train, from its last checkpoint if it has one.

    Raises DataError, NotFoundError, DamagedArtifactError, StoreUnavailableError.
    """
    started = time.monotonic()
    spec = ResolvedSpec.model_validate(job.spec)
    known, weights = None, None
    if job.start_from is not None:
        known, weights = _load_model(shop.database, job.start_from["model_id"])
    preparing = _open_data_loader(shop, job, spec, known)
    training: TrainingProtocol
    if isinstance(spec.validation, FoldsValidation):
        training = FoldedTraining(spec, preparing.prepare, weights)
    else:
        training = Training(spec, preparing.prepare(), weights)
    ledger = TrainingRecorder(job, training, spec.max_seconds, preparing, shop.environment)
    checkpoint = _find_checkpoint(shop.database, job)
    if checkpoint is not None:
        _restore(ledger, checkpoint)
    elif isinstance(training, FoldedTraining):
        training.open()
    ledger.end_preparing(started)
    return ledger


def _open_data_loader(
    shop: OpeningContext, job: JobRecord, spec: ResolvedSpec, known: Preprocessing | None
) -> TrainingDataLoader:
    other = job.validation_dataset_id
    with shop.database.reading() as session:
        dataset = get_dataset(session, job.dataset_id)
        validation_dataset = None if other is None else get_dataset(session, other)
    return TrainingDataLoader(
        spec=spec,
        dataset=dataset,
        validation_dataset=validation_dataset,
        known=known,
        blobs=shop.blobs,
        cache=shop.prepared,
        recent=shop.recent,
        max_resident_bytes=shop.settings.max_resident_data_bytes,
    )


def _find_checkpoint(database: Database, job: JobRecord) -> Checkpoint | None:
    """What an earlier slice has left; the first one has nothing to look for."""
    if job.token <= 1:
        return None
    with database.reading() as session:
        return find_checkpoint(session, job.id)


def _load_model(database: Database, model_id: str) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        model = get_model(session, model_id)
        weights = get_artifact(session, model.artifact)
    return PREPROCESSING.validate_python(model.preprocessing), unpack_arrays(weights)


def _restore(ledger: TrainingRecorder, checkpoint: Checkpoint) -> None:
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    ledger.training.restore(state)
    ledger.restore(checkpoint)
