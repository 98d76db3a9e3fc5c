"""/v1/jobs/{id}/…: explain, change and check any step of a job."""

from typing import Any

from fastapi import APIRouter, Request, Response

from service.context import Context, ContextDep
from service.explain.answers import (
    CounterfactualAnswer,
    DistributionsAnswer,
    GradientCheckAnswer,
    JobExplanation,
    RateSweepAnswer,
)
from service.explain.questions import answer, ask
from service.http.disconnects import until_disconnect
from service.http.encoded_json import respond_json
from service.http.json_bodies import RowsRoute
from service.http.media_types import JSON
from service.http.problems import problems
from service.schemas.common import ExplanationId, JobId
from service.schemas.explain import (
    CounterfactualRequest,
    DistributionsRequest,
    ExplainRequest,
    GradientCheckRequest,
    RateSweepRequest,
    StepPoint,
)
from service.schemas.explanations import ExplanationView
from service.serializers.explanations import explanation_view

router = APIRouter(prefix="/v1", tags=["explain"], route_class=RowsRoute)

RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {
        "model": ExplanationView,
        "description": "Reaching the step takes longer than 2 s: a worker does it. `Location` is "
        "the explanation; its link `answer` is there once the step is reached.",
    },
    **problems(400, 404, 409, 413, 415, 422, 429, 503),
}


@router.post(
    "/jobs/{job_id}/explain",
    summary="Explain a step of a job",
    response_model=JobExplanation,
    responses=RESPONSES,
)
async def explain_job(
    context: ContextDep, request: Request, job_id: JobId, body: ExplainRequest
) -> Response:
    """Explain any step of a job, number by number.

    The step is computed again, bit for bit, from the nearest kept state of the training; `origin`
    states which one it was and how many steps were repeated. At most 2 s of training are repeated
    in a request; for more, the answer is 202 with an explanation, the work of a worker.
    """
    return await _respond(context, request, "explain", job_id, body)


@router.post(
    "/jobs/{job_id}/counterfactual",
    summary="Compute a step of a job with something changed",
    response_model=CounterfactualAnswer,
    responses=RESPONSES,
)
async def compare_job(
    context: ContextDep, request: Request, job_id: JobId, body: CounterfactualRequest
) -> Response:
    """Compute a step of a job with another learning rate, optimizer, batch, loss or clipping.

    The answer has both updates, and the losses and outputs of the same rows before the step, after
    the step as it was, and after the changed step. Nothing is stored.
    """
    return await _respond(context, request, "counterfactual", job_id, body)


@router.post(
    "/jobs/{job_id}/rate-sweep",
    summary="Compute the loss along a step of a job",
    response_model=RateSweepAnswer,
    responses=RESPONSES,
)
async def sweep_job(
    context: ContextDep, request: Request, job_id: JobId, body: RateSweepRequest
) -> Response:
    """Compute the loss along the direction of a step of a job, for a range of learning rates."""
    return await _respond(context, request, "rate-sweep", job_id, body)


@router.post(
    "/jobs/{job_id}/gradient-check",
    summary="Check the gradients of a step of a job",
    response_model=GradientCheckAnswer,
    responses=RESPONSES,
)
async def check_job(
    context: ContextDep, request: Request, job_id: JobId, body: GradientCheckRequest
) -> Response:
    """Compare the gradients of a step of a job with central differences in float64."""
    return await _respond(context, request, "gradient-check", job_id, body)


@router.post(
    "/jobs/{job_id}/distributions",
    summary="Describe a step of a job by histograms",
    response_model=DistributionsAnswer,
    responses=RESPONSES,
)
async def describe_job(
    context: ContextDep, request: Request, job_id: JobId, body: DistributionsRequest
) -> Response:
    """Return histograms of a step's weights, gradients, updates and activations per layer."""
    return await _respond(context, request, "distributions", job_id, body)


@router.get(
    "/explanations/{explanation_id}/answer",
    summary="Return the answer of an explanation",
    response_model=JobExplanation
    | CounterfactualAnswer
    | RateSweepAnswer
    | GradientCheckAnswer
    | DistributionsAnswer,
    responses=problems(404, 409, 422, 503),
)
async def get_answer(
    context: ContextDep, request: Request, explanation_id: ExplanationId
) -> Response:
    """Return the answer to the request for which an explanation has reached its step."""
    work = answer(context, explanation_id)
    return await respond_json(request, await until_disconnect(request, work))


async def _respond(
    context: Context, request: Request, kind: str, job_id: str, body: StepPoint
) -> Response:
    """Return the answer, or 202 with the work that leads to it."""
    found = await until_disconnect(request, ask(context, kind, job_id, body))
    if isinstance(found, bytes):
        return await respond_json(request, found)
    view = explanation_view(found, has_state=False)
    headers = {"Location": view.links["self"]}
    return Response(view.model_dump_json(), 202, headers, JSON)
