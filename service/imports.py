"""Models made elsewhere: checked name by name, then kept as they came, byte for byte."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError

from engine.embedding import categorical_of, table_codes
from engine.errors import SpecError, SpecProblem
from engine.resolve import resolve
from engine.specs import NetworkSpec, PreprocessingSpec, ResolvedSpec, TrainingSpec
from engine.tables import ColumnKind, ColumnSchema, TableSchema
from engine.weights import find_weight_problems
from service.context import Context
from service.schemas.imports import (
    ClassesTarget,
    CodesInput,
    ImportedPreprocessing,
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
    "codes": "categorical",
}
# Where in an import that is which a training would say elsewhere.
_POINTERS = {
    "/features": "/preprocessing/columns",
    "/target": "/preprocessing/target",
    "/task": "/preprocessing/target",
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
    described, target = request.preprocessing, request.preprocessing.target
    problems = [*_find_repetitions(described), *_find_other_inputs(described, request.network)]
    if problems:
        raise SpecError(problems)
    asked = TrainingSpec(
        target=target.name,
        task="classification" if isinstance(target, ClassesTarget) else "regression",
        features=tuple(column.name for column in described.columns),
        network=request.network,
        loss=request.loss,
        preprocessing=PreprocessingSpec(numeric="none", target="none"),
        validation=None,
        dtype=request.dtype,
    )
    try:
        return resolve(asked, _table(described, request.network)).spec
    except SpecError as error:
        raise SpecError([_in_the_import(problem) for problem in error.problems]) from error


def _in_the_import(problem: SpecProblem) -> SpecProblem:
    for said, here in _POINTERS.items():
        if problem.pointer == said or problem.pointer.startswith(f"{said}/"):
            pointer = here + problem.pointer.removeprefix(said)
            return SpecProblem(pointer, problem.code, problem.detail)
    return problem


def _find_repetitions(described: ImportedPreprocessing) -> Iterator[SpecProblem]:
    target = described.target
    if isinstance(target, ClassesTarget) and len(set(target.classes)) < len(target.classes):
        pointer = "/preprocessing/target/classes"
        yield SpecProblem(pointer, "repeated_class", "a class is named twice")
    for index, column in enumerate(described.columns):
        levels = column.levels if isinstance(column, LevelsInput | CodesInput) else ()
        if len(set(levels)) < len(levels):
            pointer = f"/preprocessing/columns/{index}/levels"
            yield SpecProblem(pointer, "repeated_level", "a level is named twice")


def _find_other_inputs(
    described: ImportedPreprocessing, network: NetworkSpec
) -> Iterator[SpecProblem]:
    """Categories are codes before an embedding, and levels before any other layer."""
    wanted = "codes" if categorical_of(network) == "embedding" else "levels"
    for index, column in enumerate(described.columns):
        if KINDS[column.type] == "categorical" and column.type != wanted:
            detail = f"the network's first layer takes {wanted}, {column.name!r} is {column.type}"
            pointer = f"/preprocessing/columns/{index}/type"
            yield SpecProblem(pointer, "categorical_and_layer", detail)


def _table(described: ImportedPreprocessing, network: NetworkSpec) -> TableSchema:
    """A table that such a model could have been trained on."""
    codes = table_codes(network)
    columns = [
        ColumnSchema(column.name, KINDS[column.type], 0, _count_levels(column, codes.get(index, 0)))
        for index, column in enumerate(described.columns)
    ]
    target = described.target
    if isinstance(target, ClassesTarget):
        columns.append(ColumnSchema(target.name, "categorical", 0, len(target.classes)))
    else:
        columns.append(ColumnSchema(target.name, "numeric", 0, None))
    return TableSchema(ROWS, tuple(columns))


def _count_levels(column: InputColumn, codes: int) -> int | None:
    match column:
        case LevelsInput():
            return len(column.levels)
        case CodesInput():
            # A table may know more than the training rows had: those of the rows held out.
            return max(len(column.levels), codes - 1)
        case _:
            return None


def _read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    try:
        return unpack_arrays(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        detail = "the file is not safetensors of NumPy's types"
        raise SpecError([SpecProblem("/weights", "not_safetensors", detail)]) from error
