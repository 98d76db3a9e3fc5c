"""Gradient check of a step of a job; runs in a child process."""

import time

from engine.explain.gradient_check.check_gradients import check_gradients
from service.explain.answers import GradientCheckAnswer
from service.explain.json_answer import to_json
from service.explain.open_step import open_step
from service.explain.rows import choose_rows
from service.schemas.explain import GradientCheckRequest
from store.prepared.open import DataResources

# With the time to reach the step, less than the limit of a computation.
CHECK_SECONDS = 6.0


def check_job_step(resources: DataResources, job_id: str, request: GradientCheckRequest) -> bytes:
    """Return the check as JSON. Raises SpecError, and as `open_step` and `choose_rows`."""
    opened = open_step(resources, job_id, request)
    rows = choose_rows(opened.replay, opened.inputs, request.rows)
    ends = time.monotonic() + CHECK_SECONDS
    check = check_gradients(
        rows.inputs, request.per_layer, request.most, lambda: time.monotonic() >= ends
    )
    is_own = rows.is_own_batch
    return to_json(GradientCheckAnswer(**vars(opened.reached), is_own_batch=is_own, check=check))
