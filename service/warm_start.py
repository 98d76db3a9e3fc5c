"""Training a model further: what the job takes over from it, and whether it can."""

from dataclasses import replace
from typing import Any

from engine.embedding import table_codes
from engine.errors import SpecError, SpecProblem
from engine.preprocessing import (
    FittedBoolean,
    FittedCodes,
    FittedLevels,
    FittedNumeric,
    Preprocessing,
)
from engine.resolve import Resolution, resolve
from engine.specs import NetworkSpec, ResolvedSpec
from engine.tables import TableSchema
from engine.weights import weight_shapes
from service.schemas.jobs import JobRequest

KINDS = {
    FittedNumeric: "numeric",
    FittedBoolean: "boolean",
    FittedLevels: "categorical",
    FittedCodes: "categorical",
}


def continue_model(
    request: JobRequest, known: ResolvedSpec, preprocessing: Preprocessing, table: TableSchema
) -> Resolution:
    """Resolve a request that starts from a model. Raises SpecError where the two do not fit."""
    if request.features not in {None, known.features}:
        detail = f"the model takes {len(known.features)} features: leave them out, or name the same"
        raise SpecError([SpecProblem("/features", "other_features", detail)])
    problems = _column_problems(preprocessing, table)
    if problems:
        raise SpecError(problems)
    taken: dict[str, Any] = {"features": known.features, "task": request.task or known.task}
    if "network" not in request.model_fields_set:
        taken["network"] = NetworkSpec.model_validate(known.network.model_dump())
        taken["loss"] = request.loss or known.loss
    seen = _as_the_model_sees(table, preprocessing, known.network)
    resolution = resolve(request.model_copy(update=taken), seen)
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


def _as_the_model_sees(
    table: TableSchema, preprocessing: Preprocessing, network: NetworkSpec
) -> TableSchema:
    """The table with as many categories as the model tells apart: its inputs are the model's."""
    codes = table_codes(network)
    distinct: dict[str, int] = {}
    for index, column in enumerate(preprocessing.columns):
        match column:
            case FittedLevels():
                distinct[column.name] = len(column.levels)
            case FittedCodes():
                distinct[column.name] = codes[index] - 1
    return replace(
        table,
        columns=tuple(
            replace(column, distinct=distinct.get(column.name, column.distinct))
            for column in table.columns
        ),
    )
