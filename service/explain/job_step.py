"""Explanation of a step of a job; runs in a child process."""

from engine.explain.explanation.explain import explain_step
from service.explain.answers import JobExplanation
from service.explain.json_answer import to_json
from service.explain.open_step import open_step
from service.schemas.explain import ExplainRequest
from store.prepared.open import DataResources


def explain_job_step(resources: DataResources, job_id: str, request: ExplainRequest) -> bytes:
    """Return the explanation of a step as JSON. Raises SpecError, and as `open_step`."""
    opened = open_step(resources, job_id, request)
    explanation = explain_step(opened.inputs, request)
    return to_json(JobExplanation(**vars(opened.reached), explanation=explanation))
