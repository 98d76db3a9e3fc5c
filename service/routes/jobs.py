"""/v1/jobs: validate, create, list, poll."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import StringConstraints

from service.context import ContextDep
from service.http.csv import wants_csv
from service.http.disconnects import until_disconnect
from service.http.json_bodies import JsonRoute
from service.http.problems import problems
from service.idempotency import IdempotentJson, respond
from service.jobs import create, queries, resolve
from service.jobs.health_checks import validate_with_checks
from service.models.models import weights_of_job
from service.routes.models import WEIGHTS_RESPONSE, Format, weights_response
from service.schemas.common import After, JobId, Limit, Name, Order, PageView
from service.schemas.epochs import NEXT_HEADER, THINNED, THINNED_HEADER, CheckpointsView, LossesView
from service.schemas.job_requests import ExternalId, JobRequest
from service.schemas.jobs import JobView, ListedJobView
from service.schemas.validation import ValidationView
from service.serializers.jobs import losses_view
from service.serializers.losses_csv import losses_as_csv
from store.db.pagination import PageRequest
from store.jobs.jobs import JobFilter
from store.jobs.training.losses import LossPage
from store.statuses import JobStatus

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=JsonRoute)

MetadataFilter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}:[^\x00]{0,512}$")]
MAX_LOSSES = 10_000
EPOCHS_CSV: dict[str, Any] = {
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "headers": {
        THINNED_HEADER: {
            "description": f"Of a CSV, only if it is `true`. {THINNED}",
            "schema": {"type": "string", "enum": ["true"]},
        },
        NEXT_HEADER: {
            "description": "Of a CSV, only if more epochs follow: `after` of the next page.",
            "schema": {"type": "string"},
        },
    },
}
Wait = Annotated[
    float,
    Query(
        ge=0,
        le=60,
        allow_inf_nan=False,
        description="Maximum seconds to wait for a change of the job; no wait if it has ended.",
    ),
]

Checks = Annotated[
    bool,
    Query(
        description="Also check the training before its first step, on its data, for at most 10 "
        "seconds: initial loss, overfitting one batch, learning-rate range.",
    ),
]


@router.post(
    "",
    status_code=202,
    response_model=JobView,
    responses=problems(400, 404, 409, 413, 415, 422, 429, 503),
)
def post_job(context: ContextDep, body: JobRequest, keyed: IdempotentJson) -> Response:
    """Queue a training job. The job is stored durably before the response is sent."""
    return respond(create.post(context, body, keyed))


@router.post("/validate", responses=problems(400, 404, 409, 413, 415, 422, 503))
async def validate_job(
    context: ContextDep,
    request: Request,
    body: JobRequest,
    *,
    checks: Checks = False,
) -> ValidationView:
    """Validate a job request without storing anything."""
    if checks:
        return await until_disconnect(request, validate_with_checks(context, body))
    validation = await to_thread.run_sync(resolve.validate, context, body)
    return validation.view


@router.get("", responses=problems(422, 503))
def list_jobs(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    status: Annotated[
        list[JobStatus], Query(max_length=len(JobStatus), description="Any of these statuses.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
    name: Annotated[Name | None, Query()] = None,
    dataset_id: Annotated[Name | None, Query()] = None,
    external_id: Annotated[Name | None, Query()] = None,
    metadata: Annotated[
        list[MetadataFilter], Query(max_length=8, description="key:value; all must match.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
) -> PageView[ListedJobView]:
    """List jobs, newest first by default; without long values, which each job's own address has."""
    pairs = dict(pair.split(":", 1) for pair in metadata)
    wanted = JobFilter(status, name, dataset_id, pairs, external_id)
    page = queries.page(context, wanted, PageRequest(limit, after, order))
    return PageView.of(page)


@router.get("/by-external-id/{external_id}", responses=problems(404, 422, 503))
def get_job_by_external_id(context: ContextDep, external_id: ExternalId) -> JobView:
    """Return the job with this external id."""
    return queries.get_by_external_id(context, external_id)


@router.put(
    "/by-external-id/{external_id}",
    response_model=JobView,
    responses={
        202: {"model": JobView, "description": "The job was queued by this request."},
        **problems(400, 404, 409, 413, 415, 422, 429, 503),
    },
)
def put_job(context: ContextDep, external_id: ExternalId, body: JobRequest) -> Response:
    """Queue a training job, or return the one that the same request queued before."""
    return respond(create.put(context, external_id, body))


@router.get(
    "/{job_id}",
    response_model=JobView,
    responses={
        304: {"description": "The job has not changed since the ETag in If-None-Match."},
        **problems(404, 422, 503),
    },
)
async def get_job(
    context: ContextDep,
    job_id: JobId,
    wait: Wait = 0,
    if_none_match: Annotated[
        str | None, Header(description="ETag of the last known state.")
    ] = None,
) -> Response:
    """Return a job: its status, progress, metrics and resolved spec."""
    tag, text = await context.polls.poll(job_id, wait, if_none_match)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if text is None:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


@router.get(
    "/{job_id}/losses",
    response_model=LossesView,
    responses={**problems(404, 422, 503), 200: EPOCHS_CSV},
)
def list_losses(
    context: ContextDep,
    job_id: JobId,
    limit: Annotated[int, Query(ge=1, le=MAX_LOSSES)] = 1000,
    after: Annotated[
        int, Query(ge=-1, le=2**31 - 1, description="Return epochs after this one.")
    ] = -1,
    accept: Annotated[str, Header()] = "application/json",
) -> LossesView | Response:
    """List the losses and metrics of each finished epoch, oldest first, as JSON or CSV.

    A page of long metrics has fewer epochs than `limit`: `next` continues it, of a CSV the header
    Backpropd-Next. Long trainings are thinned: then `thinned` is true, and a CSV has the header
    Backpropd-Thinned.
    """
    page = queries.losses(context, job_id, after, limit)
    if wants_csv(accept):
        return epochs_response(losses_as_csv(page.epochs), page)
    return losses_view(page)


def epochs_response(csv: str, page: LossPage) -> Response:
    """Return a page of epochs as CSV, with `thinned` and `next` of the JSON as headers."""
    headers = {THINNED_HEADER: "true"} if page.is_thinned else {}
    if page.next is not None:
        headers[NEXT_HEADER] = page.next
    return Response(csv, headers=headers, media_type="text/csv")


@router.get("/{job_id}/checkpoints", responses=problems(404, 422, 503))
def list_checkpoints(context: ContextDep, job_id: JobId) -> CheckpointsView:
    """List the stored checkpoints, with milestones; another job can start from any of them."""
    return queries.checkpoints(context, job_id)


@router.get(
    "/{job_id}/weights",
    response_class=Response,
    responses={**problems(404, 409, 422, 503), **WEIGHTS_RESPONSE},
)
def get_job_weights(context: ContextDep, job_id: JobId, wanted: Format) -> Response:
    """Download the weights of the job's model."""
    return weights_response(weights_of_job(context, job_id, wanted))
