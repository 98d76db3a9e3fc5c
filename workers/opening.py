"""From a claimed job to a training that can go on: data read, network built, state restored."""

import time
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from pydantic import TypeAdapter

from engine.preparation import prepare
from engine.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.training import Training, TrainingState
from store.artifacts import get_artifact
from store.blobs import BlobStore
from store.columns import open_table
from store.database import Database
from store.datasets import get_dataset
from store.jobs import JobRecord
from store.models import get_model
from store.progress import Checkpoint, find_checkpoint
from store.tensors import unpack_arrays
from workers.ledger import Ledger

_PREPROCESSING = TypeAdapter(Preprocessing)


@dataclass
class LedgerCache:
    """The last job's ledger, so that its next slice in this process costs next to nothing."""

    job_id: str = ""
    token: int = 0
    ledger: Ledger | None = None

    def keep(self, job: JobRecord, ledger: Ledger) -> None:
        """Remember a ledger whose every step is in a checkpoint."""
        self.job_id, self.token, self.ledger = job.id, job.token, ledger

    def take(self, job: JobRecord) -> Ledger | None:
        """The ledger, if nobody has held the job since; forgotten here either way."""
        ledger, self.ledger = self.ledger, None
        if (job.id, job.token) != (self.job_id, self.token + 1):
            return None
        return ledger


def open_ledger(database: Database, blobs: BlobStore, job: JobRecord) -> Ledger:
    """Make a job ready to train, from its last checkpoint if it has one.

    Raises DataError, NotFoundError, StoreUnavailableError.
    """
    started = time.monotonic()
    spec = ResolvedSpec.model_validate(job.spec)
    with database.reading() as session:
        dataset = get_dataset(session, job.dataset_id)
    table = open_table(dataset, blobs.find_path(dataset.blob, dataset.sha256))
    if job.start_from is None:
        data = prepare(spec, table)
        training = Training(spec, data)
    else:
        known, weights = _load_model(database, job.start_from["model_id"])
        data = prepare(spec, table, known)
        training = Training(spec, data, weights)
    preprocessing = _PREPROCESSING.dump_python(data.preprocessing, mode="json")
    ledger = Ledger(job, spec, training, preprocessing)
    if job.attempt > 1 or job.token > 1:
        with database.reading() as session:
            checkpoint = find_checkpoint(session, job.id)
        if checkpoint is not None:
            _restore(ledger, checkpoint)
    ledger.end_preparing(started)
    return ledger


def _load_model(database: Database, model_id: str) -> tuple[Preprocessing, dict[str, NDArray[Any]]]:
    with database.reading() as session:
        model = get_model(session, model_id)
        weights = get_artifact(session, model.artifact)
    return _PREPROCESSING.validate_python(model.preprocessing), unpack_arrays(weights)


def _restore(ledger: Ledger, checkpoint: Checkpoint) -> None:
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    ledger.training.restore(state)
    ledger.restore_seconds(checkpoint)
