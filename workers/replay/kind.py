"""The kind of work `replay`: what a slice needs to open, and to fail, a replay."""

from engine.training.cross_validation import FoldedTraining
from store.jobs.checkpoints import Checkpoint, find_checkpoint
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease
from store.jobs.replay.finish import finish_replay
from store.jobs.training.digest import read_inputs
from store.prepared.open import DataResources, open_job_data
from store.replay.build_training import build_training
from store.statuses import TRAINING
from workers.kinds import Session
from workers.replay.work import ReplayWork


class ReplayKind:
    """Repeats a training without storing its losses or its model; the result is a verdict."""

    def open(self, resources: DataResources, job: JobRecord) -> ReplayWork:
        """Open a replay, restored from its last checkpoint if it has one."""
        with resources.database.reading() as session:
            subject = get_job(session, str(job.subject_id), TRAINING)
            inputs = read_inputs(session, job, job.upgraded_spec)
            checkpoint: Checkpoint | None = find_checkpoint(
                session, job.id, resources.settings.data_dir
            )
        # The replay has the spec and the datasets of the training.
        training = build_training(open_job_data(resources, job), checkpoint)
        work = ReplayWork(resources.database, subject, inputs, training, resources.environment)
        if checkpoint is not None:
            work.restore(checkpoint, exact=job.exact)
        elif isinstance(training, FoldedTraining):
            training.open()
        return work

    def failure_of(self, error: Exception) -> Outcome | None:
        """Return the outcome of any failed job."""

    def fail(self, session: Session, lease: Lease, outcome: Outcome) -> JobRecord:
        """End a replay without a verdict."""
        return finish_replay(session, lease, outcome)
