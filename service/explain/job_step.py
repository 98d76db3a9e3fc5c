"""Explanation of a step of a job; runs in a child process."""

from engine.explain.explanation.explain import explain_step
from service.explain.answers import JobExplanation
from service.explain.json_answer import to_json
from service.explain.open_step import open_step
from service.explain.outputs import describe_step_outputs
from service.explain.rows import choose_rows, describe_rows
from service.schemas.explain import ExplainRequest
from store.prepared.open import DataResources


def explain_job_step(resources: DataResources, job_id: str, request: ExplainRequest) -> bytes:
    """Return the explanation of a step as JSON. Raises SpecError, and as `open_step`."""
    opened = open_step(resources, job_id, request)
    rows = choose_rows(opened.replay, opened.inputs, request.rows)
    explanation = explain_step(rows.inputs, request)
    shown = range(request.first_row, request.first_row + explanation.rows_shown)
    described = describe_rows(opened.replay, rows, shown, request.first_input, request.max_inputs)
    return to_json(
        JobExplanation(
            **vars(opened.reached),
            is_own_batch=rows.is_own_batch,
            rows=described,
            outputs=describe_step_outputs(opened.replay, explanation.loss.outputs, request),
            explanation=explanation,
        )
    )
