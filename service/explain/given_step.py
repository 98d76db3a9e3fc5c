"""Explanation of a step that is described by numbers alone; runs in a child process."""

from engine.explain.explanation.explain import explain_step
from engine.explain.single_step.build import GivenStep, build_step_inputs
from service.explain.json_answer import to_json
from service.schemas.explain import ExplainStepRequest
from store.prepared.open import DataResources


def explain_given_step(_resources: DataResources, request: ExplainStepRequest) -> bytes:
    """Return the explanation of a step as JSON. Raises SpecError."""
    given = GivenStep(
        rows=request.rows,
        targets=request.targets,
        row_weights=request.row_weights,
        weights=request.weights,
        optimizer_state=request.optimizer_state,
        step=request.step,
    )
    return to_json(explain_step(build_step_inputs(request, given), request))
