"""Opening of a claimed job's training: load data, build the network, restore a checkpoint."""

import time

from engine.training.cross_validation import FoldedTraining
from store.db.database import Database
from store.jobs.jobs import JobRecord
from store.jobs.training.checkpoints import TrainingCheckpoint, find_training_checkpoint
from store.jobs.training.digest import LossChain, hash_losses
from store.prepared.open import DataResources, open_job_data
from store.replay.build_training import build_training
from workers.training.training_recorder import TrainingRecorder


def open_training(context: DataResources, job: JobRecord) -> TrainingRecorder:
    """Open a job's training, restored from its last checkpoint if it has one.

    Raises DataError, NotFoundError, LaterVersionError, DamagedArtifactError,
    StoreUnavailableError.
    """
    started = time.monotonic()
    data = open_job_data(context, job)
    checkpoint = _find_checkpoint(context, job)
    training = build_training(data, checkpoint)
    recorder = TrainingRecorder(
        job,
        training,
        data.spec.max_seconds,
        data.loader,
        context.environment,
        context.settings.milestone_bytes,
    )
    if checkpoint is not None:
        recorder.restore(checkpoint, lambda epochs: _hash_stored(context.database, job.id, epochs))
    elif isinstance(training, FoldedTraining):
        training.open()
    recorder.end_preparing(started)
    return recorder


def _find_checkpoint(context: DataResources, job: JobRecord) -> TrainingCheckpoint | None:
    """Return the checkpoint of an earlier slice; the first slice skips the query."""
    if job.token <= 1:
        return None
    with context.database.reading() as session:
        return find_training_checkpoint(session, job.id, folder=context.settings.data_dir)


def _hash_stored(database: Database, job_id: str, epochs: int) -> LossChain:
    with database.reading() as session:
        return hash_losses(session, job_id, epochs)
