"""A step of a job with something changed; runs in a child process."""

from collections.abc import Sequence

from engine.data.split_arrays import Batch
from engine.explain.counterfactual.compare_steps import compare_steps
from engine.specs.step_change import StepChange
from service.explain.answers import CounterfactualAnswer
from service.explain.json_answer import to_json
from service.explain.open_step import OpenedStep, open_step
from service.explain.rows import choose_rows, require_data
from service.schemas.explain import CounterfactualRequest
from store.prepared.open import DataResources
from store.replay.rows import batch_rows


def compare_job_step(
    resources: DataResources, job_id: str, request: CounterfactualRequest
) -> bytes:
    """Return both steps as JSON. Raises SpecError, and as `open_step` and `choose_rows`."""
    opened = open_step(resources, job_id, request)
    own = choose_rows(opened.replay, opened.inputs, "batch")
    batch, numbers = _choose_batch(opened, request)
    change = StepChange(**{name: getattr(request, name) for name in StepChange.model_fields})
    found = compare_steps(opened.inputs, change, batch, request.max_rows)
    return to_json(
        CounterfactualAnswer(
            **vars(opened.reached),
            row_numbers=tuple(own.numbers or ())[: request.max_rows],
            other_row_numbers=None if numbers is None else tuple(numbers)[: request.max_rows],
            counterfactual=found,
        )
    )


def _choose_batch(
    opened: OpenedStep, request: CounterfactualRequest
) -> tuple[Batch | None, Sequence[int] | None]:
    """Return the rows of the changed step and their numbers; None for those of the step."""
    if request.batch_size is not None:
        replay = require_data(opened.replay)
        batch, positions = replay.training.next_rows(request.batch_size)
        return batch, batch_rows(replay, positions).tolist()
    if request.rows == "batch":
        return None, None
    rows = choose_rows(opened.replay, opened.inputs, request.rows)
    return rows.inputs.batch, rows.numbers
