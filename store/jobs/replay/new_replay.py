"""Creation of replays of a training that has ended with a digest."""

from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION, check_version
from store.errors import NotFoundError, NotReplayableError
from store.jobs.jobs import JobRecord
from store.jobs.subjects import add_job_about
from store.models import get_model
from store.statuses import REPLAY


def require_replayable(job: JobRecord) -> None:
    """Check that a replay of a training can prove its digest.

    Its result must be that of exact steps, and of the version of this service. Raises
    NotReplayableError, LaterVersionError.
    """
    check_version("spec", job.spec_version)
    if not job.status.is_terminal:
        reason = f"it is {job.status}; a job can be replayed after its end"
        raise NotReplayableError(job.id, "job_not_ended", reason)
    if job.digest is None or job.digest["result"] is None:
        reason = (
            "it has no model, and so no result to compare"
            if job.model_id is None
            else "it ended in a version of backpropd that did not record digests"
        )
        raise NotReplayableError(job.id, "no_digest", reason)
    if not job.exact:
        reason = (
            "its steps were done in environments that give different bits (`exact` is false), "
            "which a replay in one environment cannot repeat"
        )
        raise NotReplayableError(job.id, "inexact", reason)
    version = job.digest["spec_version"]
    if version != SPEC_VERSION:
        reason = f"its digest has version {version} of the spec, and this service {SPEC_VERSION}"
        raise NotReplayableError(job.id, "unequal_version", reason)


def add_replay(session: Session, subject: JobRecord, environment: str) -> JobRecord:
    """Create a queued replay of a training that passes `require_replayable`.

    Raises NotReplayableError if a dataset or the initial model has been deleted.

    Args:
        session: session of the transaction.
        subject: the training.
        environment: hash of the environment that the replay's workers must have.
    """
    columns = {"required_environment": environment}
    try:
        if subject.start_from is not None:
            get_model(session, subject.start_from["model_id"])
        return add_job_about(session, REPLAY, subject, columns, priority=subject.priority)
    except NotFoundError as error:
        reason = f"{error.noun} {error.key}, which it was trained from, has been deleted"
        raise NotReplayableError(subject.id, "dataset_gone", reason) from error
