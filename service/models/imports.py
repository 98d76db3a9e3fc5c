"""Models made elsewhere: checked name by name, then kept as they came, byte for byte."""

import hashlib
from typing import Any

from numpy.typing import NDArray
from pydantic import JsonValue
from safetensors import SafetensorError

from engine.data.table import ColumnKind, ColumnSchema, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.preprocessing.feature_layout import tables_of
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
    TrainingSpec,
)
from engine.weights import find_weight_problems
from service.context import Context
from service.idempotency import created, run_once, with_content
from service.models.import_checks import find_input_problems
from service.models.models import view
from service.runtime.model_cache import PREPROCESSING
from service.schemas.imports import (
    ClassesTarget,
    ImportedPreprocessing,
    ImportRequest,
    TextInput,
)
from store.blobs.tensors import unpack_arrays
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.models import NewModel, get_model, import_model
from store.quotas import check_stored_bytes

# The table that an imported model was trained on is not known: any number of rows will do.
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
# Where in an import that is which a training would say elsewhere.
_POINTERS = {
    "/features": "/preprocessing/columns",
    "/target": "/preprocessing/target",
    "/task": "/preprocessing/target",
}


def create_model(
    context: Context, request: ImportRequest, data: bytes, keyed: KeyedRequest | None
) -> StoredResponse:
    """Keep a model and its weights (safetensors).

    Raises SpecError, naming what does not fit, LimitReachedError, KeyReusedError.
    """
    said: JsonValue = request.model_dump(mode="json", exclude_unset=True)
    keyed = with_content(keyed, said, hashlib.sha256(data).hexdigest())
    return run_once(context, keyed, lambda: _take_in(context, request, data, keyed))


def _take_in(
    context: Context, request: ImportRequest, data: bytes, keyed: KeyedRequest | None
) -> StoredResponse:
    preprocessing = PREPROCESSING.validate_python(request.preprocessing.model_dump())
    spec = _resolve(request, preprocessing)
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
    resolved = spec.model_dump(mode="json")
    with context.database.writing() as session:
        claim_key(session, keyed)
        check_stored_bytes(session, context.settings.max_stored_bytes, len(data))
        model_id = import_model(session, new, resolved, request.name)
        shown = view(get_model(session, model_id))
        return store_response(session, keyed, created(shown, f"/v1/models/{model_id}"))


def _resolve(request: ImportRequest, preprocessing: Preprocessing) -> ResolvedSpec:
    """The spec by which such a model would have been trained."""
    described, target = request.preprocessing, request.preprocessing.target
    problems = list(find_input_problems(described, request.network))
    if problems:
        raise SpecError(problems)
    asked = TrainingSpec(
        target=target.name,
        task="classification" if isinstance(target, ClassesTarget) else "regression",
        features=tuple(column.name for column in described.columns),
        network=request.network,
        loss=request.loss,
        preprocessing=PreprocessingSpec(
            numeric="none", target="none", hash_buckets=_count_buckets(described)
        ),
        validation=None,
        dtype=request.dtype,
    )
    inputs = NetworkInputs(preprocessing.width, _list_tables(preprocessing, request.network))
    try:
        return resolve(asked, _table(described), known=inputs).spec
    except SpecError as error:
        raise SpecError([_in_the_import(problem) for problem in error.problems]) from error


def _count_buckets(described: ImportedPreprocessing) -> int | None:
    """None if no text is hashed, so that free text is refused where the model is trained on."""
    buckets = [column.buckets for column in described.columns if isinstance(column, TextInput)]
    return max(buckets, default=None)


def _list_tables(preprocessing: Preprocessing, network: NetworkSpec) -> tuple[EmbeddingTable, ...]:
    """A table for each column of codes: with the codes that it needs, or more if the network says.

    A table may know more categories than the training rows had: those of the rows held out.
    """
    if preprocessing.width > MAX_FEATURES:
        return ()  # a problem in any case
    said = {table.position: table.codes for table in tables_in(network)}
    return tuple(
        EmbeddingTable(position=table.position, codes=max(table.codes, said.get(table.position, 0)))
        for table in tables_of(preprocessing.columns)
    )


def _in_the_import(problem: SpecProblem) -> SpecProblem:
    for said, here in _POINTERS.items():
        if problem.pointer == said or problem.pointer.startswith(f"{said}/"):
            pointer = here + problem.pointer.removeprefix(said)
            return SpecProblem(pointer, problem.code, problem.detail)
    return problem


def _table(described: ImportedPreprocessing) -> TableSchema:
    """A table that such a model could have been trained on."""
    columns = [ColumnSchema(column.name, KINDS[column.type], 0, 2) for column in described.columns]
    target = described.target
    if isinstance(target, ClassesTarget):
        columns.append(ColumnSchema(target.name, "categorical", 0, len(target.classes)))
    else:
        columns.append(ColumnSchema(target.name, "numeric", 0, None))
    return TableSchema(ROWS, tuple(columns))


def _read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    try:
        return unpack_arrays(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        detail = "the file is not safetensors of NumPy's types"
        raise SpecError([SpecProblem("/weights", "not_safetensors", detail)]) from error
