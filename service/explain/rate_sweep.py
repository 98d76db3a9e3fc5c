"""The loss along the direction of a step of a job; runs in a child process."""

from engine.explain.rate_sweep.results import SweepRange
from engine.explain.rate_sweep.sweep_rates import sweep_rates
from service.explain.answers import RateSweepAnswer
from service.explain.json_answer import to_json
from service.explain.open_step import open_step
from service.explain.rows import choose_rows
from service.schemas.explain import RateSweepRequest
from store.prepared.open import DataResources


def sweep_job_step(resources: DataResources, job_id: str, request: RateSweepRequest) -> bytes:
    """Return the sweep as JSON. Raises SpecError, and as `open_step` and `choose_rows`."""
    opened = open_step(resources, job_id, request)
    rows = choose_rows(opened.replay, opened.inputs, request.rows)
    span = SweepRange(request.lowest, request.highest, request.points)
    sweep = sweep_rates(rows.inputs, span)
    is_own = rows.is_own_batch
    return to_json(RateSweepAnswer(**vars(opened.reached), is_own_batch=is_own, sweep=sweep))
