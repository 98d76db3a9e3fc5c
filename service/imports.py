"""Models made elsewhere: checked name by name, then kept as they came, byte for byte."""

from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError

from engine.errors import SpecError, SpecProblem
from engine.resolve import resolve
from engine.specs import PreprocessingSpec, ResolvedSpec, TrainingSpec
from engine.tables import ColumnKind, ColumnSchema, TableSchema
from engine.weights import find_weight_problems
from service.context import Context
from service.schemas.imports import (
    ClassesTarget,
    ImportRequest,
    InputColumn,
    LevelsInput,
)
from service.serving import PREPROCESSING
from store.models import ModelRecord, NewModel, get_model, import_model
from store.tensors import unpack_arrays

# The table that an imported model was trained on is not known: any number of rows will do.
ROWS = 1_000_000
KINDS: dict[str, ColumnKind] = {
    "numeric": "numeric",
    "boolean": "boolean",
    "levels": "categorical",
}


def take_in(context: Context, request: ImportRequest, data: bytes) -> ModelRecord:
    """Keep a model and its weights (safetensors). Raises SpecError, naming what does not fit."""
    spec = _resolve(request)
    preprocessing = PREPROCESSING.validate_python(request.preprocessing.model_dump())
    weights = _read_weights(data)
    problems = find_weight_problems(spec, preprocessing.width, weights)
    if problems:
        raise SpecError(problems)
    new = NewModel(
        preprocessing=PREPROCESSING.dump_python(preprocessing, mode="json"),
        metrics={},
        parameter_count=sum(array.size for array in weights.values()),
        weights=data,
    )
    with context.database.writing() as session:
        model_id = import_model(session, new, spec.model_dump(mode="json"), request.name)
        return get_model(session, model_id)


def _resolve(request: ImportRequest) -> ResolvedSpec:
    """The spec by which such a model would have been trained."""
    target = request.preprocessing.target
    if isinstance(target, ClassesTarget) and len(set(target.classes)) < len(target.classes):
        detail = "a class is named twice"
        raise SpecError([SpecProblem("/preprocessing/target/classes", "repeated_class", detail)])
    names = [column.name for column in request.preprocessing.columns]
    is_class = isinstance(target, ClassesTarget)
    asked = TrainingSpec(
        target=target.name,
        task="classification" if is_class else "regression",
        features=tuple(names),
        network=request.network,
        preprocessing=PreprocessingSpec(numeric="none", target="none"),
        validation=None,
        dtype=request.dtype,
    )
    columns = [_column_schema(column) for column in request.preprocessing.columns]
    kind: ColumnKind = "categorical" if is_class else "numeric"
    distinct = len(target.classes) if isinstance(target, ClassesTarget) else None
    known = (*columns, ColumnSchema(target.name, kind, 0, distinct))
    return resolve(asked, TableSchema(ROWS, known)).spec


def _column_schema(column: InputColumn) -> ColumnSchema:
    distinct = len(column.levels) if isinstance(column, LevelsInput) else None
    return ColumnSchema(column.name, KINDS[column.type], 0, distinct)


def _read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    try:
        return unpack_arrays(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        detail = "the file is not safetensors of NumPy's types"
        raise SpecError([SpecProblem("/weights", "not_safetensors", detail)]) from error
