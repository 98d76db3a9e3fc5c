"""/v1/jobs/{id}/…: what may be asked of a job on its way."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.context import ContextDep
from service.http.problems import problems
from service.jobs import commands
from service.schemas.common import JobId
from service.schemas.jobs import JobView, RetryFrom

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["jobs"])

REFUSALS = problems(404, 409, 422, 503)


@router.post("/cancel", status_code=202, responses=REFUSALS)
def cancel_job(context: ContextDep, job_id: JobId) -> JobView:
    """Stop a job for good, keeping the weights so far as a partial model."""
    return commands.cancel(context, job_id)


@router.post("/pause", status_code=202, responses=REFUSALS)
def pause_job(context: ContextDep, job_id: JobId) -> JobView:
    """Checkpoint a job at its next step and free its worker; `resume` goes on exactly."""
    return commands.pause(context, job_id)


@router.post("/resume", status_code=202, responses=REFUSALS)
def resume_job(context: ContextDep, job_id: JobId) -> JobView:
    """Go on with a paused job."""
    return commands.resume(context, job_id)


@router.post("/retry", status_code=202, responses={**REFUSALS, **problems(429)})
def retry_job(
    context: ContextDep,
    job_id: JobId,
    start: Annotated[
        RetryFrom,
        Query(alias="from", description="The last checkpoint, if there is one; or the start."),
    ] = "checkpoint",
) -> JobView:
    """Begin a new attempt of a failed job."""
    return commands.retry(context, job_id, from_start=start == "start")
