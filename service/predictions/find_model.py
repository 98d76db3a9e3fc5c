"""The model that a request names."""

from service.context import Context
from service.runtime.model_cache import ServedModel
from service.schemas.common import check_job_id, check_model_id
from store.errors import NotFoundError
from store.jobs.jobs import get_job
from store.statuses import TRAINING


def find_model(context: Context, model_id: str) -> ServedModel:
    """Return a model, loading it if necessary. Raises NotFoundError, LaterVersionError."""
    try:
        return context.served.get(check_model_id(model_id))
    except NotFoundError as error:
        hint = _explain_job(context, model_id)
        if hint is None:
            raise
        raise NotFoundError("model", model_id, hint) from error


def _explain_job(context: Context, job_id: str) -> str | None:
    """Return the model of the job with this id; None if there is no such job."""
    try:
        with context.database.reading() as session:
            job = get_job(session, check_job_id(job_id), TRAINING)
    except NotFoundError:
        return None
    model = "has none yet" if job.model_id is None else f"is {job.model_id}"
    return f"it is the id of a job, whose model {model}"
