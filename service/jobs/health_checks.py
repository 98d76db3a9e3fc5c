"""Validation of a job request with checks of its training before the first step."""

import time

from anyio import to_thread

from engine.errors import DataError, SpecError
from engine.health_checks.run_checks import HealthCheck, run_checks, without_result
from engine.health_checks.training_start import TrainingStart
from service.context import Context
from service.http.compute_errors import ComputeMemoryError, ComputeTimeoutError
from service.jobs.resolve import Validation, validate, validation_dataset_id
from service.schemas.job_requests import JobRequest
from service.schemas.validation import ValidationView
from store.prepared.open import DataResources, DataSources, open_data

# Of reading the data and of the checks together. The checks end by themselves before it, with the
# results that they have.
CHECK_SECONDS = 10.0
_STOP_SECONDS = 8.0


async def validate_with_checks(context: Context, request: JobRequest) -> ValidationView:
    """Validate the request, and check the start of its training if it is valid.

    Nothing is stored. Raises NotFoundError, ComputeBusyError, ComputationFailedError.
    """
    validation = await to_thread.run_sync(validate, context, request)
    if validation.resolution is None:
        return validation.view
    sources = _sources(request, validation)
    try:
        checks = await context.compute.run(check_start, sources, seconds=CHECK_SECONDS)
    except (ComputeTimeoutError, ComputeMemoryError) as error:
        checks = without_result(sources.spec, "not_applicable", _too_large(error))
    return validation.view.model_copy(update={"checks": list(checks)})


def check_start(resources: DataResources, sources: DataSources) -> tuple[HealthCheck, ...]:
    """Run the checks on the data of a training, with folds on those of the final network.

    Runs in a child process. Data that cannot be trained on fail all checks.
    """
    ends = time.monotonic() + _STOP_SECONDS
    try:
        opened = open_data(resources, sources)
        start = TrainingStart(opened.spec, opened.loader.prepare(), opened.weights)
        return run_checks(start, lambda: time.monotonic() >= ends)
    except (DataError, SpecError) as error:
        return without_result(sources.spec, "failed", f"the training cannot begin: {error}")


def _sources(request: JobRequest, validation: Validation) -> DataSources:
    assert validation.resolution is not None  # noqa: S101 - the request is valid
    return DataSources(
        validation.resolution.spec,
        request.dataset_id,
        validation_dataset_id(request),
        None if validation.source is None else validation.source.start_from,
    )


def _too_large(error: ComputeTimeoutError | ComputeMemoryError) -> str:
    return (
        f"{error}: the data or the network are too large to be checked in a request; check a part "
        "of the rows, or train for one epoch"
    )
