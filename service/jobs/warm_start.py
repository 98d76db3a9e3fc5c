"""Training a model further: what the job takes over from it, and whether it can."""

from dataclasses import replace
from typing import Any

from engine.data.table import ColumnKind, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.preprocessing.preprocessing import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
    Preprocessing,
)
from engine.resolution.embeddings import tables_in
from engine.resolution.input_width import NetworkInputs
from engine.resolution.resolve import Resolution, resolve
from engine.specs import NetworkSpec, ResolvedSpec
from engine.weights import weight_shapes
from service.schemas.jobs import JobRequest

_TEXTS: tuple[ColumnKind, ...] = ("categorical", "text")
# Whether texts are categories or free text is only a matter of how many there are.
KINDS: dict[type[FittedColumn], tuple[ColumnKind, ...]] = {
    FittedNumeric: ("numeric",),
    FittedBoolean: ("boolean",),
    FittedCategories: _TEXTS,
    FittedCodes: _TEXTS,
    FittedOrdinal: _TEXTS,
    FittedTime: ("time",),
    FittedText: ("text", "categorical"),
}


def continue_model(
    request: JobRequest,
    known: ResolvedSpec,
    preprocessing: Preprocessing,
    table: TableSchema,
    validation_table: TableSchema | None = None,
) -> Resolution:
    """Resolve a request that starts from a model. Raises SpecError where the two do not fit."""
    if request.features not in {None, known.features}:
        detail = f"the model takes {len(known.features)} features: leave them out, or name the same"
        raise SpecError([SpecProblem("/features", "other_features", detail)])
    problems = _column_problems(preprocessing, table)
    if problems:
        raise SpecError(problems)
    width = preprocessing.width
    inputs = NetworkInputs(width, tables_in(known.network))
    asked = request.model_copy(update=_take_over(request, known))
    resolution = resolve(
        asked, _as_the_model_sees(table, preprocessing), validation_table, known=inputs
    )
    if weight_shapes(resolution.spec, width) != weight_shapes(known, width):
        detail = "its weights have other shapes than the model's: leave the network out"
        raise SpecError([SpecProblem("/network", "other_network", detail)])
    return resolution


def _take_over(request: JobRequest, known: ResolvedSpec) -> dict[str, Any]:
    """What of the job is the model's: all that its weights were trained behind."""
    taken: dict[str, Any] = {
        "features": known.features,
        "task": request.task or known.task,
        "preprocessing": known.preprocessing,
    }
    if "network" not in request.model_fields_set:
        taken["network"] = NetworkSpec.model_validate(known.network.model_dump())
        taken["loss"] = request.loss or known.loss
        taken["input_shape"] = request.input_shape or known.input_shape
    return taken


def _column_problems(preprocessing: Preprocessing, table: TableSchema) -> list[SpecProblem]:
    """Features that the table lacks, or has in another kind than the model knows."""
    kinds = {column.name: column.kind for column in table.columns}
    return [
        SpecProblem(
            "/start_from/model_id",
            "column_mismatch",
            f"the model's feature {column.name!r} is {KINDS[type(column)][0]}, "
            f"in the dataset it is {kinds.get(column.name, 'missing')}",
        )
        for column in preprocessing.columns
        if kinds.get(column.name) not in KINDS[type(column)]
    ]


def _as_the_model_sees(table: TableSchema, preprocessing: Preprocessing) -> TableSchema:
    """The table with the kinds that its texts have for the model."""
    kinds = {column.name: KINDS[type(column)][0] for column in preprocessing.columns}
    columns = tuple(
        replace(
            column,
            kind=kinds.get(column.name, column.kind),
            # There may be too many texts to be counted, and of categories that is known.
            distinct=0 if column.distinct is None and column.kind == "text" else column.distinct,
        )
        for column in table.columns
    )
    return replace(table, columns=columns)
