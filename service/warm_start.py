"""Training a model further: what the job takes over from it, and whether it can."""

from typing import Any

from engine.errors import SpecError, SpecProblem
from engine.preprocessing import FittedBoolean, FittedLevels, FittedNumeric, Preprocessing
from engine.resolve import Resolution, resolve
from engine.specs import NetworkSpec, ResolvedSpec
from engine.tables import TableSchema
from engine.weights import weight_shapes
from service.schemas.jobs import JobRequest
from service.serving import PREPROCESSING
from store.models import ModelRecord

KINDS = {FittedNumeric: "numeric", FittedBoolean: "boolean", FittedLevels: "categorical"}


def continue_model(request: JobRequest, model: ModelRecord, table: TableSchema) -> Resolution:
    """Resolve a request that starts from a model. Raises SpecError where the two do not fit."""
    known = ResolvedSpec.model_validate(model.spec)
    preprocessing = PREPROCESSING.validate_python(model.preprocessing)
    if request.features not in {None, known.features}:
        detail = f"the model takes {len(known.features)} features: leave them out, or name the same"
        raise SpecError([SpecProblem("/features", "other_features", detail)])
    problems = _column_problems(preprocessing, table)
    if problems:
        raise SpecError(problems)
    taken: dict[str, Any] = {"features": known.features, "task": request.task or known.task}
    if "network" not in request.model_fields_set:
        taken["network"] = NetworkSpec.model_validate(known.network.model_dump())
    resolution = resolve(request.model_copy(update=taken), table)
    width = preprocessing.width
    if weight_shapes(resolution.spec, width) != weight_shapes(known, width):
        detail = "its weights have other shapes than the model's: leave the network out"
        raise SpecError([SpecProblem("/network", "other_network", detail)])
    return resolution


def _column_problems(preprocessing: Preprocessing, table: TableSchema) -> list[SpecProblem]:
    """Features that the table lacks, or has in another kind than the model knows."""
    kinds = {column.name: column.kind for column in table.columns}
    return [
        SpecProblem(
            "/start_from/model_id",
            "column_mismatch",
            f"the model's feature {column.name!r} is {KINDS[type(column)]}, "
            f"in the dataset it is {kinds.get(column.name, 'missing')}",
        )
        for column in preprocessing.columns
        if kinds.get(column.name) != KINDS[type(column)]
    ]
