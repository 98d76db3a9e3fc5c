"""Queries of models, and their weights in three formats."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from os import SEEK_END
from typing import Any, BinaryIO, Literal, assert_never

from engine.stored.preprocessing import upgrade_preprocessing
from engine.stored.specs import read_spec
from engine.stored.versions import SPEC_VERSION
from service.context import Context
from service.http.errors import NoWeightsError
from service.models.weight_files import iterate_file, iterate_npz, open_artifact
from service.schemas.jobs import Classes, Label, StoredSpec
from service.schemas.models import LineageView, ListedModelView, ModelMetricsView, ModelView
from service.serializers.jobs import cross_validation_view
from service.serializers.later_versions import if_known
from store.blobs.tensor_file import open_tensors
from store.blobs.tensors import iterate_json
from store.db.pagination import Page, PageRequest
from store.jobs.jobs import get_job
from store.models import ListedModel, ModelRecord, get_model, list_short_models
from store.statuses import TRAINING

WeightFormat = Literal["safetensors", "npz", "json"]
MEDIA_TYPES: dict[WeightFormat, str] = {
    "safetensors": "application/vnd.safetensors",
    "npz": "application/x-npz",
    "json": "application/json",
}
# Fewer bytes are sent at once.
WHOLE_BYTES = 2**20


@dataclass(frozen=True)
class Weights:
    """Weights as the client wants them; large ones piece by piece."""

    data: bytes | Iterator[bytes]
    media_type: str
    file_name: str
    sha256: str


def get(context: Context, model_id: str) -> ModelRecord:
    """Return the model. Raises NotFoundError."""
    with context.database.reading() as session:
        return get_model(session, model_id)


def page(context: Context, request: PageRequest, job_id: str | None) -> Page[ListedModel]:
    """Return one page of models, without long values."""
    with context.database.reading() as session:
        return list_short_models(session, request, job_id)


def weights(context: Context, model_id: str, wanted: WeightFormat) -> Weights:
    """Return the model's weights. Raises NotFoundError."""
    with context.database.reading() as session:
        record = get_model(session, model_id)
    file = open_artifact(context, record.artifact)
    is_small = file.seek(0, SEEK_END) <= WHOLE_BYTES
    pieces = _convert(file, wanted)
    # An iterator that has begun closes its file, also if it is not read to its end.
    begun = chain([next(pieces)], pieces)
    return Weights(
        data=b"".join(begun) if is_small else begun,
        media_type=MEDIA_TYPES[wanted],
        file_name=f"{model_id}.{wanted}",
        sha256=record.artifact,
    )


def weights_of_job(context: Context, job_id: str, wanted: WeightFormat) -> Weights:
    """Return the weights of the job's model. Raises NotFoundError, NoWeightsError."""
    with context.database.reading() as session:
        job = get_job(session, job_id, TRAINING)
    if job.model_id is None:
        verb = "has no weights" if job.status.is_terminal else "has no weights yet"
        raise NoWeightsError(f"job {job_id} is {job.status}: it {verb}")
    return weights(context, job.model_id, wanted)


def _convert(file: BinaryIO, wanted: WeightFormat) -> Iterator[bytes]:
    with file:
        match wanted:
            case "safetensors":
                yield from iterate_file(file)
            case "npz":
                yield from iterate_npz(open_tensors(file))
            case "json":
                yield from iterate_json(open_tensors(file))
            case _:
                assert_never(wanted)


def _metrics_view(model: ModelRecord) -> ModelMetricsView:
    return ModelMetricsView.model_validate({"test": None, **model.metrics})


def _classes(target: dict[str, Any]) -> Classes | None:
    """Return the classes of a fitted target as stored."""
    if target["type"] == "labels":
        return {label["name"]: label["classes"] for label in target["labels"]}
    classes: list[Label] | None = target.get("classes")
    return classes


def listed_view(listed: ListedModel) -> ListedModelView:
    """Return the response schema of a model in a list, without long values."""
    shown = dict(view(listed.record, listed.omitted))
    has_classes = "preprocessing" in listed.omitted
    omitted = sorted({*listed.omitted, *(["classes"] if has_classes else [])})
    return ListedModelView(**shown, omitted=omitted)


def view(model: ModelRecord, omitted: Collection[str] = ()) -> ModelView:
    """Return the response schema of a model; the values of a later version as they are stored.

    Args:
        model: the model.
        omitted: names of fields that are left out, in a list.
    """
    is_readable = model.spec_version <= SPEC_VERSION
    has_spec = is_readable and "spec" not in omitted
    has_preprocessing = is_readable and "preprocessing" not in omitted
    preprocessing = model.preprocessing
    if has_preprocessing:
        preprocessing = upgrade_preprocessing(preprocessing, model.spec_version)
    here = f"/v1/models/{model.id}"
    links = {"self": here, "weights": f"{here}/weights", "predict": f"{here}/predict"}
    if model.job_id is not None:
        links["job"] = f"/v1/jobs/{model.job_id}"
    version, folds = model.spec_version, model.cross_validation
    return ModelView(
        id=model.id,
        name=model.name,
        created_at=model.created_at,
        lineage=LineageView(
            job_id=model.job_id,
            dataset_id=model.dataset_id,
            dataset_sha256=model.dataset_sha256,
        ),
        spec=read_spec(model.spec, model.spec_version) if has_spec else StoredSpec(model.spec),
        preprocessing=preprocessing,
        spec_version=max(model.spec_version, SPEC_VERSION),
        classes=_classes(preprocessing["target"]) if has_preprocessing else None,
        metrics=if_known(version, lambda: _metrics_view(model)) or ModelMetricsView(test=None),
        cross_validation=if_known(version, lambda: cross_validation_view(folds)),
        parameter_count=model.parameter_count,
        partial=model.partial,
        weights_sha256=model.artifact,
        numerics=model.numerics,
        links=links,
    )
