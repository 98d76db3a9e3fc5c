"""Import of models: every array is checked by name, and the file is stored unchanged."""

import hashlib
from collections.abc import Iterator
from typing import Any, assert_never

from numpy.typing import NDArray
from pydantic import JsonValue
from safetensors import SafetensorError

from engine.data.table import ColumnKind, ColumnSchema, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.fitted import target_names
from engine.preprocessing.preprocessing import Preprocessing
from engine.resolution.embeddings import tables_in
from engine.resolution.input_width import NetworkInputs
from engine.resolution.resolve import resolve
from engine.specs import (
    MAX_FEATURES,
    EmbeddingTable,
    NetworkSpec,
    PreprocessingSpec,
    ResolvedSpec,
    Task,
    TrainingSpec,
)
from engine.stored.preprocessing import dump_preprocessing, read_preprocessing
from engine.stored.specs import dump_spec
from engine.stored.versions import SPEC_VERSION
from engine.weights import find_weight_problems
from service.context import Context
from service.idempotency import created, run_once, with_content
from service.models.held_input_checks import find_held_problems
from service.models.import_checks import find_input_problems
from service.models.models import view
from service.schemas.imports import (
    ClassesTarget,
    ImportedPreprocessing,
    ImportedTarget,
    ImportRequest,
    InputsTarget,
    LabelsTarget,
    NumbersTarget,
    NumberTarget,
    TextInput,
)
from store.blobs.tensors import unpack_arrays
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.models import NewModel, get_model, import_model
from store.quotas import check_stored_bytes

# The training table of an imported model is unknown: any number of rows works.
ROWS = 1_000_000
KINDS: dict[str, ColumnKind] = {
    "numeric": "numeric",
    "boolean": "boolean",
    "levels": "categorical",
    "codes": "categorical",
    "ordinal": "categorical",
    "time": "time",
    "text": "text",
}
# Pointers of a training request to those of an import.
_POINTERS = {
    "/features": "/preprocessing/columns",
    "/target": "/preprocessing/target",
    "/task": "/preprocessing/target",
}


def create_model(
    context: Context, request: ImportRequest, data: bytes, keyed: KeyedRequest | None
) -> StoredResponse:
    """Store a model and its weights (safetensors).

    Raises SpecError, naming each inconsistency, LimitReachedError, KeyReusedError.
    """
    content: JsonValue = request.model_dump(mode="json", exclude_unset=True)
    keyed = with_content(keyed, content, hashlib.sha256(data).hexdigest())
    return run_once(context, keyed, lambda: _import(context, request, data, keyed))


def _import(
    context: Context, request: ImportRequest, data: bytes, keyed: KeyedRequest | None
) -> StoredResponse:
    preprocessing = read_preprocessing(request.preprocessing.model_dump(), SPEC_VERSION)
    spec = _resolve(request, preprocessing)
    weights = _read_weights(data)
    problems = find_weight_problems(spec, preprocessing.width, weights)
    if problems:
        raise SpecError(problems)
    new = NewModel(
        preprocessing=dump_preprocessing(preprocessing),
        metrics={},
        parameter_count=sum(array.size for array in weights.values()),
        weights=data,
    )
    with context.database.writing() as session:
        claim_key(session, keyed)
        check_stored_bytes(session, context.settings.max_stored_bytes, len(data))
        model_id = import_model(session, new, dump_spec(spec), request.name)
        shown = view(get_model(session, model_id))
        return store_response(session, keyed, created(shown, f"/v1/models/{model_id}"))


def _resolve(request: ImportRequest, preprocessing: Preprocessing) -> ResolvedSpec:
    """Return the spec with which such a model would have been trained."""
    described = request.preprocessing
    task = _task(described.target)
    problems = list(find_input_problems(described, request.network))
    problems += find_held_problems(preprocessing)
    if problems:
        raise SpecError(problems)
    asked = TrainingSpec(
        target=target_names(preprocessing.target) or None,
        task=task,
        features=tuple(column.name for column in described.columns),
        network=_without_units(request.network) if task == "reconstruction" else request.network,
        loss=request.loss,
        preprocessing=PreprocessingSpec(
            numeric="none", target="none", hash_buckets=_count_buckets(described)
        ),
        validation=None,
        dtype=request.dtype,
    )
    inputs = NetworkInputs(preprocessing.width, _list_tables(preprocessing, request.network))
    try:
        return resolve(asked, _table(described), fitted_inputs=inputs).spec
    except SpecError as error:
        moved = [_move_pointer(problem, described.target) for problem in error.problems]
        raise SpecError(moved, is_complete=error.is_complete) from error


def _task(target: ImportedTarget) -> Task:
    match target:
        case ClassesTarget():
            return "classification"
        case LabelsTarget():
            return "multi_label"
        case NumberTarget() | NumbersTarget():
            return "regression"
        case InputsTarget():
            return "reconstruction"
        case _:
            assert_never(target)


def _without_units(network: NetworkSpec) -> NetworkSpec:
    """Return the network with as many outputs as inputs.

    The units of an exported spec are an upper bound; the shapes of the weights are checked.
    """
    output = network.output.model_copy(update={"units": None})
    return network.model_copy(update={"output": output})


def _count_buckets(described: ImportedPreprocessing) -> int | None:
    """Return the number of hash buckets.

    None if no text is hashed, so that training the model further rejects free text.
    """
    buckets = [column.buckets for column in described.columns if isinstance(column, TextInput)]
    return max(buckets, default=None)


def _list_tables(preprocessing: Preprocessing, network: NetworkSpec) -> tuple[EmbeddingTable, ...]:
    """Return an embedding table per column of codes, as large as needed or as the network states.

    A table may have more categories than the training rows: those of the validation rows.
    """
    if preprocessing.width > MAX_FEATURES:
        return ()  # resolve reports the excess
    stated = {table.position: table.codes for table in tables_in(network)}
    return tuple(
        EmbeddingTable(
            position=table.position, codes=max(table.codes, stated.get(table.position, 0))
        )
        for table in tables_of(preprocessing.columns)
    )


def _move_pointer(problem: SpecProblem, described: ImportedTarget) -> SpecProblem:
    pointers = dict(_POINTERS)
    if isinstance(described, NumbersTarget | LabelsTarget):
        items = "targets" if isinstance(described, NumbersTarget) else "labels"
        pointers["/target"] = f"/preprocessing/target/{items}"
    for source, target in pointers.items():
        if problem.pointer == source or problem.pointer.startswith(f"{source}/"):
            pointer = target + problem.pointer.removeprefix(source)
            return SpecProblem(pointer, problem.code, problem.detail)
    return problem


def _table(described: ImportedPreprocessing) -> TableSchema:
    """Return the schema of a table that such a model could have been trained on."""
    columns = [ColumnSchema(column.name, KINDS[column.type], 0, 2) for column in described.columns]
    return TableSchema(ROWS, (*columns, *_target_columns(described.target)))


def _target_columns(target: ImportedTarget) -> Iterator[ColumnSchema]:
    match target:
        case ClassesTarget():
            yield ColumnSchema(target.name, "categorical", 0, len(target.classes))
        case NumberTarget():
            yield ColumnSchema(target.name, "numeric", 0, None)
        case NumbersTarget() | LabelsTarget():
            items = target.targets if isinstance(target, NumbersTarget) else target.labels
            for one in items:
                yield from _target_columns(one)
        case InputsTarget():
            return
        case _:
            assert_never(target)


def _read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    try:
        return unpack_arrays(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        detail = "the file must be safetensors with dtypes that NumPy supports"
        raise SpecError([SpecProblem("/weights", "not_safetensors", detail)]) from error
