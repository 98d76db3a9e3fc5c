"""/v1/explain: a training step, number by number."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from engine.explain.explanation.step_values import StepExplanation
from service.context import Context, ContextDep
from service.explain.answers import JobExplanation
from service.explain.given_step import explain_given_step
from service.explain.questions import answer, ask
from service.http.disconnects import until_disconnect
from service.http.json_bodies import JsonRoute
from service.http.media_types import JSON
from service.http.problems import problems
from service.schemas.common import ExplanationId, JobId
from service.schemas.explain import ExplainRequest, ExplainStepRequest, StepRequest
from service.schemas.explanations import ExplanationView
from service.serializers.explanations import explanation_view

router = APIRouter(prefix="/v1", tags=["explain"], route_class=JsonRoute)

LATER: dict[int | str, dict[str, Any]] = {
    202: {
        "model": ExplanationView,
        "description": "Reaching the step takes longer than 2 s: a worker does it. `Location` is "
        "the explanation; its link `answer` is there once the step is reached.",
    }
}
_UNIT = {"units": 1, "activation": "sigmoid", "use_bias": False}
TEXTBOOK: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", **_UNIT}], "output": _UNIT},
    "loss": "half_squared_error",
    "optimizer": {"type": "sgd", "learning_rate": 0.5},
    "weights": {"layers.0.weight": [[0.4]], "output.weight": [[0.6]]},
    "rows": [[0.5]],
    "targets": [1],
}
EXAMPLES: Any = {
    "textbook": {
        "summary": "One input, one hidden unit, one output: h = 0.549834, ŷ = 0.581735, "
        "L = 0.0874727, ∂L/∂w₂ = −0.0559577, ∂L/∂w₁ = −0.00755707",
        "value": TEXTBOOK,
    }
}


@router.post(
    "/explain",
    response_model=StepExplanation,
    responses=problems(400, 413, 415, 422, 503),
)
async def explain_step(
    context: ContextDep,
    request: Request,
    body: Annotated[ExplainStepRequest, Body(openapi_examples=EXAMPLES)],
) -> Response:
    """Explain a training step that is described by numbers alone; nothing is stored.

    The answer has every number of the step: per unit z, a, ∂L/∂a and δ, per edge its share, per
    weight its gradient, the optimizer's state and the new value. The network has at most 1,000,000
    parameters, the batch at most 1,024 rows; what is not shown is counted.
    """
    work = context.compute.run(explain_given_step, body)
    return Response(await until_disconnect(request, work), media_type=JSON)


@router.post(
    "/jobs/{job_id}/explain",
    response_model=JobExplanation,
    responses={**LATER, **problems(400, 404, 409, 413, 415, 422, 429, 503)},
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


@router.get(
    "/explanations/{explanation_id}/answer",
    response_model=JobExplanation,
    responses=problems(404, 409, 422, 503),
)
async def get_answer(
    context: ContextDep, request: Request, explanation_id: ExplanationId
) -> Response:
    """Return the answer to the request for which an explanation has reached its step."""
    work = answer(context, explanation_id)
    return Response(await until_disconnect(request, work), media_type=JSON)


async def _respond(
    context: Context, request: Request, kind: str, job_id: str, body: StepRequest
) -> Response:
    """Return the answer, or 202 with the work that leads to it."""
    found = await until_disconnect(request, ask(context, kind, job_id, body))
    if isinstance(found, bytes):
        return Response(found, media_type=JSON)
    view = explanation_view(found, has_state=False)
    headers = {"Location": view.links["self"]}
    return Response(view.model_dump_json(), 202, headers, JSON)
