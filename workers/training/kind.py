"""The kind of work `training`: what a slice needs to open, and to fail, a training."""

from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.digest import read_inputs
from store.jobs.training.finish import finish_training
from store.prepared.open import DataResources
from workers.failures import out_of_memory
from workers.kinds import Session
from workers.training.digest import TrainingDigest
from workers.training.open_training import open_training
from workers.training.work import TrainingWork


class TrainingKind:
    """Trains a network, or one per fold and then the final one; the result is a model."""

    def open(self, resources: DataResources, job: JobRecord) -> TrainingWork:
        """Open a training, restored from its last checkpoint if it has one."""
        recorder = open_training(resources, job)
        with resources.database.reading() as session:
            inputs = read_inputs(session, job, job.upgraded_spec)
        return TrainingWork(recorder, TrainingDigest(inputs))

    def failure_of(self, error: Exception) -> Outcome | None:
        """Return the outcome of a training too large for the memory."""
        match error:
            case MemoryError():
                return out_of_memory(error, "; a smaller network, batch or table needs less")
            case _:
                return None

    def fail(self, session: Session, lease: Lease, outcome: Outcome) -> JobRecord:
        """End a training without a model."""
        return finish_training(session, lease, outcome)
