"""Opening of a claimed job's training: load data, build the network, restore a checkpoint."""

import time

from engine.specs import FoldsValidation
from engine.stored.training_states import upgrade_training_state
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, TrainingState
from engine.training.training import Training
from store.blobs.tensors import unpack_arrays
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.jobs.training.checkpoints import TrainingCheckpoint, find_training_checkpoint
from store.prepared.open import DataResources, open_job_data
from workers.training.training_recorder import TrainingRecorder


def open_training(context: DataResources, job: JobRecord) -> TrainingRecorder:
    """Open a job's training, restored from its last checkpoint if it has one.

    Raises DataError, NotFoundError, LaterVersionError, DamagedArtifactError,
    StoreUnavailableError.
    """
    started = time.monotonic()
    data = open_job_data(context, job)
    spec, loader, weights = data.spec, data.loader, data.weights
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


def _find_checkpoint(database: Database, job: JobRecord) -> TrainingCheckpoint | None:
    """Return the checkpoint of an earlier slice; the first slice skips the query."""
    if job.token <= 1:
        return None
    with database.reading() as session:
        return find_training_checkpoint(session, job.id)


def _restore(recorder: TrainingRecorder, checkpoint: TrainingCheckpoint) -> None:
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    recorder.training.restore(upgrade_training_state(state, checkpoint.spec_version))
    recorder.restore(checkpoint)
