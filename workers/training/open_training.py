"""Opening of a claimed job's training: load data, build the network, restore a checkpoint."""

import time
from typing import Any

from numpy.typing import NDArray

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, ResolvedSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol
from engine.training.training import Training, TrainingState
from store.blobs.artifacts import get_artifact
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.jobs.training.checkpoints import TrainingCheckpoint, find_training_checkpoint
from store.models import get_model
from store.prepared.loader import PREPROCESSING, TrainingDataLoader
from workers.kinds import Resources
from workers.training.training_recorder import TrainingRecorder


def open_training(context: Resources, job: JobRecord) -> TrainingRecorder:
    """Open a job's training, restored from its last checkpoint if it has one.

    Raises DataError, NotFoundError, DamagedArtifactError, StoreUnavailableError.
    """
    started = time.monotonic()
    spec = ResolvedSpec.model_validate(job.spec)
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
    context: Resources, job: JobRecord, spec: ResolvedSpec, fitted: Preprocessing | None
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


def _find_checkpoint(database: Database, job: JobRecord) -> TrainingCheckpoint | None:
    """Return the checkpoint of an earlier slice; the first slice skips the query."""
    if job.token <= 1:
        return None
    with database.reading() as session:
        return find_training_checkpoint(session, job.id)


def _load_model(database: Database, model_id: str) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        model = get_model(session, model_id)
        weights = get_artifact(session, model.artifact)
    return PREPROCESSING.validate_python(model.preprocessing), unpack_arrays(weights)


def _restore(recorder: TrainingRecorder, checkpoint: TrainingCheckpoint) -> None:
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    recorder.training.restore(state)
    recorder.restore(checkpoint)
