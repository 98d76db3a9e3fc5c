"""The kind of work `explanation`: what a slice needs to open, and to fail, an explanation."""

from engine.errors import DivergenceError
from store.errors import DatasetGoneError, StepNotFoundError
from store.jobs.explanation.finish import finish_explanation
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease
from store.prepared.open import DataResources
from store.replay.open_replay import open_at_nearest
from store.replay.position import Position
from store.statuses import TRAINING, StatusReason
from workers.explanation.work import ExplanationWork
from workers.failures import failed
from workers.kinds import Session


class ExplanationKind:
    """Reaches a step of a training; the result is the kept state before it."""

    def open(self, resources: DataResources, job: JobRecord) -> ExplanationWork:
        """Open the training at its nearest kept state, such as this job's last checkpoint."""
        with resources.database.reading() as session:
            subject = get_job(session, str(job.subject_id), TRAINING)
        question = job.question or {}
        position = Position(question["step"], question["fold"])
        replay = open_at_nearest(resources, subject, position)
        return ExplanationWork(replay, resources.environment)

    def failure_of(self, error: Exception) -> Outcome | None:
        """Return the outcome of an explanation whose step does not exist, or cannot be reached."""
        match error:
            case StepNotFoundError() | DatasetGoneError() | DivergenceError():
                return failed(StatusReason.INVALID_DATA, str(error))
            case _:
                return None

    def fail(self, session: Session, lease: Lease, outcome: Outcome) -> JobRecord:
        """End an explanation without a state."""
        return finish_explanation(session, lease, outcome)
