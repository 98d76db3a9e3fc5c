"""/v1/explain: a training step that is described by numbers alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from engine.explain.explanation.step_values import StepExplanation
from service.context import ContextDep
from service.explain.given_step import explain_given_step
from service.http.disconnects import until_disconnect
from service.http.encoded_json import respond_json
from service.http.json_bodies import RowsRoute
from service.http.problems import problems
from service.schemas.explain import ExplainStepRequest

router = APIRouter(prefix="/v1", tags=["explain"], route_class=RowsRoute)

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
    summary="Explain a step that is described by numbers alone",
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
    return await respond_json(request, await until_disconnect(request, work))
