"""/v1/jobs/{id}/…: cancel, pause, resume and retry."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.context import ContextDep
from service.http.api_route import ApiRoute
from service.http.problems import problems
from service.jobs import commands
from service.schemas.common import JobId
from service.schemas.job_requests import RetryFrom
from service.schemas.jobs import JobView

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["jobs"], route_class=ApiRoute)

PROBLEMS = problems(404, 409, 422, 503)


@router.post("/cancel", status_code=202, responses=PROBLEMS)
def cancel_job(context: ContextDep, job_id: JobId) -> JobView:
    """Cancel a job, keeping the current weights as a partial model."""
    return commands.cancel(context, job_id)


@router.post("/pause", status_code=202, responses=PROBLEMS)
def pause_job(context: ContextDep, job_id: JobId) -> JobView:
    """Checkpoint a job after its current step and free its worker; `resume` continues exactly."""
    return commands.pause(context, job_id)


@router.post("/resume", status_code=202, responses=PROBLEMS)
def resume_job(context: ContextDep, job_id: JobId) -> JobView:
    """Resume a paused job."""
    return commands.resume(context, job_id)


@router.post("/retry", status_code=202, responses={**PROBLEMS, **problems(429)})
def retry_job(
    context: ContextDep,
    job_id: JobId,
    start: Annotated[
        RetryFrom,
        Query(
            alias="from",
            description="Start from the last checkpoint, if any, or from the beginning.",
        ),
    ] = "checkpoint",
) -> JobView:
    """Start a new attempt of a failed job."""
    return commands.retry(context, job_id, from_start=start == "start")
