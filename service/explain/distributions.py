"""Distributions of the numbers of a step of a job; runs in a child process."""

from engine.explain.distributions import step_distributions
from engine.explain.trace_step import trace_step
from service.explain.answers import DistributionsAnswer
from service.explain.json_answer import to_json
from service.explain.open_step import open_step
from service.explain.rows import choose_rows
from service.schemas.explain import DistributionsRequest
from store.prepared.open import DataResources


def describe_job_step(
    resources: DataResources, job_id: str, request: DistributionsRequest
) -> bytes:
    """Return the distributions as JSON. Raises as `open_step` and `choose_rows`."""
    opened = open_step(resources, job_id, request)
    rows = choose_rows(opened.replay, opened.inputs, request.rows)
    found = step_distributions(trace_step(rows.inputs), request.bins)
    is_own = rows.is_own_batch
    return to_json(
        DistributionsAnswer(**vars(opened.reached), is_own_batch=is_own, distributions=found)
    )
