"""Resolution and validation of job requests."""

from dataclasses import asdict, dataclass, replace

from engine.errors import SpecError, SpecProblem
from engine.resolution.resolve import Resolution, resolve
from engine.specs import DatasetValidation
from service.context import Context
from service.http.errors import ForbiddenAddressError
from service.jobs.initial_weights import InitialWeights, find_initial_weights
from service.jobs.seen_rows import find_seen_test_rows, find_trained_parts
from service.jobs.warm_start import continue_model
from service.schemas.job_requests import JobRequest
from service.schemas.jobs import FindingView
from service.schemas.validation import LayerSizeView, ValidationView
from service.serializers.jobs import finding_view, spec_view
from service.serializers.part_rows import part_rows_view
from service.webhooks.webhooks import check_url
from store.datasets.column_file import table_schema
from store.datasets.datasets import get_dataset
from store.errors import NotFoundError

MIB = 2**20


def resolve_request(
    context: Context, request: JobRequest, source: InitialWeights | None = None
) -> Resolution:
    """Resolve the request against the schemas of its datasets. Raises NotFoundError, SpecError."""
    others = (validation_dataset_id(request), _test_dataset_id(request))
    with context.database.reading() as session:
        dataset = get_dataset(session, request.dataset_id)
        validation, test = (
            None if other is None else get_dataset(session, other) for other in others
        )
    table = table_schema(dataset)
    tables = [None if other is None else table_schema(other) for other in (validation, test)]
    findings = [*find_trained_parts(dataset, validation, test)]
    if source is None:
        resolution = resolve(request, table, *tables)
    else:
        resolution = continue_model(request, source.spec, source.preprocessing, table, *tables)
        seen = find_seen_test_rows(resolution.spec, request.dataset_id, source)
        findings += [*source.findings, *(() if seen is None else (seen,))]
    resolution = replace(resolution, findings=(*resolution.findings, *findings))
    needed, limit = _memory_bytes(context, resolution), context.settings.max_job_memory_bytes
    if needed > limit:
        detail = (
            f"training needs about {needed // MIB} MiB, more than the limit of {limit // MIB} MiB"
        )
        raise SpecError([SpecProblem("/network", "memory_limit", detail)])
    return resolution


def validation_dataset_id(request: JobRequest) -> str | None:
    """Return the id of the separate validation dataset, if any. Raises NotFoundError."""
    if not isinstance(request.validation, DatasetValidation):
        return None
    return _require_id(request.validation.dataset_id)


def _test_dataset_id(request: JobRequest) -> str | None:
    """Return the id of the separate test dataset, if any. Raises NotFoundError, SpecError."""
    dataset_id = request.test_dataset_id
    if dataset_id is None:
        return None
    if dataset_id == request.dataset_id:
        detail = "the rows of this dataset are trained on; test rows must be others"
        raise SpecError([SpecProblem("/test/dataset_id", "same_dataset", detail)])
    return _require_id(dataset_id)


def _require_id(dataset_id: str) -> str:
    if not dataset_id.isascii() or not dataset_id.isprintable():
        # Not an id of this service, and PostgreSQL rejects some such texts.
        raise NotFoundError("dataset", ascii(dataset_id))
    return dataset_id


def _memory_bytes(context: Context, resolution: Resolution) -> int:
    """Return the memory a worker needs; large data are only partly in memory."""
    return resolution.memory.total(context.settings.max_resident_data_bytes)


@dataclass(frozen=True)
class Validation:
    """A validated request.

    Attributes:
        view: the answer.
        resolution: the resolved request; None if it is not valid.
        source: its initial weights; None for new ones.
    """

    view: ValidationView
    resolution: Resolution | None = None
    source: InitialWeights | None = None


def validate(context: Context, request: JobRequest) -> Validation:
    """Validate the request without storing anything. Raises NotFoundError."""
    source = find_initial_weights(context, request.start_from)
    try:
        if request.webhook is not None:
            check_url(context, request.webhook.url, "/webhook/url")
        resolution = resolve_request(context, request, source)
    except (SpecError, ForbiddenAddressError) as error:
        return Validation(_invalid(error))
    return Validation(_valid(context, request, resolution), resolution, source)


def _invalid(error: SpecError | ForbiddenAddressError) -> ValidationView:
    problems = error.problems if isinstance(error, SpecError) else error.errors
    found = [
        FindingView(level="error", pointer=p.pointer, code=p.code, detail=p.detail)
        for p in problems
    ]
    return ValidationView(
        valid=False,
        spec=None,
        in_features=None,
        out_features=None,
        parameter_count=None,
        layers=None,
        memory_bytes=None,
        steps=None,
        rows=None,
        findings=found,
    )


def _valid(context: Context, request: JobRequest, resolution: Resolution) -> ValidationView:
    is_counted = "training" not in resolution.rows.unknown
    return ValidationView(
        valid=True,
        spec=spec_view(resolution.spec.model_dump(), request.dataset_id),
        in_features=resolution.in_features,
        out_features=resolution.out_features,
        parameter_count=resolution.parameter_count,
        layers=[LayerSizeView(**asdict(layer)) for layer in resolution.layers],
        memory_bytes=_memory_bytes(context, resolution),
        steps=resolution.steps if is_counted else None,
        rows=part_rows_view(resolution.rows),
        findings=[finding_view(finding) for finding in resolution.findings],
    )
