"""Warm start: continue training from a model, checking that request and model match."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.data.table import ColumnKind, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.findings import Finding, name_columns, patch
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
)
from engine.preprocessing.preprocessing import Preprocessing
from engine.resolution.continued_targets import find_other_targets, with_classes_of
from engine.resolution.embeddings import tables_in
from engine.resolution.input_width import NetworkInputs
from engine.resolution.resolve import Resolution, resolve
from engine.specs import NetworkSpec, ResolvedSpec, Task
from engine.weights import weight_shapes
from service.schemas.job_requests import JobRequest

# Names of a task in requests, if it has several.
_TASK_NAMES: dict[Task, tuple[Task, ...]] = {"multi_label": ("multi_label", "classification")}
_INHERITED = ("/features", "/preprocessing", "/task")
_FROM_MODEL = frozenset({"features", "preprocessing", "task", "network", "loss", "input_shape"})
_TEXTS: tuple[ColumnKind, ...] = ("categorical", "text")
# Texts are inferred as categories or free text by their number only, so both are compatible.
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
    base: ResolvedSpec,
    preprocessing: Preprocessing,
    table: TableSchema,
    validation_table: TableSchema | None = None,
    test_table: TableSchema | None = None,
) -> Resolution:
    """Resolve a request that starts from a model. Raises SpecError if they are incompatible."""
    problems = _target_problems(request, base, preprocessing, table)
    if problems:
        raise SpecError(problems)
    if request.features not in {None, base.features}:
        detail = (
            f"the model has {len(base.features)} features: leave features out or list the same ones"
        )
        raise SpecError([SpecProblem("/features", "other_features", detail)])
    problems = _column_problems(preprocessing, table)
    if problems:
        raise SpecError(problems)
    width = preprocessing.width
    inputs = NetworkInputs(width, tables_in(base.network))
    asked = request.model_copy(update=_inherited_fields(request, base, width))
    seen = _as_the_model_sees(table, preprocessing)
    try:
        resolution = resolve(
            asked,
            with_classes_of(request.targets, preprocessing.target, seen),
            validation_table,
            test_table,
            fitted_inputs=inputs,
            fitted_target=preprocessing.target,
        )
    except SpecError as error:
        problems = [_at_field_sent(problem, request) for problem in error.problems]
        raise SpecError(problems, is_complete=error.is_complete) from error
    if weight_shapes(resolution.spec, width) != weight_shapes(base, width):
        detail = "the network's weights differ in shape from the model's: leave network out"
        raise SpecError([SpecProblem("/network", "other_network", detail)])
    findings = [_without_inherited_fix(finding) for finding in resolution.findings]
    return replace(resolution, findings=(*findings, *_unused_preprocessing(request, base)))


def _unused_preprocessing(request: JobRequest, base: ResolvedSpec) -> Iterator[Finding]:
    """Report options of the request's preprocessing that differ from the model's."""
    stated = request.preprocessing
    unused = [
        name
        for name in sorted(stated.model_fields_set)
        if getattr(stated, name) != getattr(base.preprocessing, name)
    ]
    if unused:
        detail = (
            f"the model's preprocessing is used, as its weights need it; {name_columns(unused)} of "
            "the request has no effect"
        )
        fix = patch(("remove", "/preprocessing", None))
        yield Finding("warning", "/preprocessing", "preprocessing_of_model", detail, fix)


def _at_field_sent(problem: SpecProblem, request: JobRequest) -> SpecProblem:
    """Return the problem at start_from if it is in a field that the request leaves to the model."""
    field = problem.pointer.removeprefix("/").partition("/")[0]
    if field in request.model_fields_set or field not in _FROM_MODEL:
        return problem
    detail = f"the job has the model's {field}: {problem.detail}"
    return SpecProblem("/start_from", problem.code, detail)


def _without_inherited_fix(finding: Finding) -> Finding:
    """Return the finding without a remedy in a field that the job takes from the model."""
    operations = (finding.fix or {}).get("patch", ())
    is_inherited = any(operation["path"].startswith(_INHERITED) for operation in operations)
    return replace(finding, fix=None) if is_inherited else finding


def _inherited_fields(request: JobRequest, base: ResolvedSpec, width: int) -> dict[str, Any]:
    """Return the fields that the job takes from the model: those that its weights depend on."""
    inherited: dict[str, Any] = {
        "features": base.features,
        "task": request.task or base.task,
        "preprocessing": base.preprocessing,
    }
    if "network" not in request.model_fields_set:
        network = base.network_for(width)
        inherited["network"] = NetworkSpec.model_validate(network.model_dump())
        inherited["loss"] = request.loss or base.loss
        inherited["input_shape"] = request.input_shape or base.input_shape
    return inherited


def _column_problems(preprocessing: Preprocessing, table: TableSchema) -> list[SpecProblem]:
    """Return a problem per feature that is missing in the table or has a different kind."""
    kinds = {column.name: column.kind for column in table.columns}
    return [
        SpecProblem(
            "/start_from/model_id",
            "column_mismatch",
            f"the model's feature {column.name!r} is {KINDS[type(column)][0]}, "
            f"but in the dataset it is {kinds.get(column.name, 'missing')}",
        )
        for column in preprocessing.columns
        if kinds.get(column.name) not in KINDS[type(column)]
    ]


def _target_problems(
    request: JobRequest, base: ResolvedSpec, preprocessing: Preprocessing, table: TableSchema
) -> list[SpecProblem]:
    """Return a problem if task or targets are not the model's; a single one may be renamed."""
    found = [*find_other_targets(request.targets, preprocessing.target, base.features, table)]
    if found or request.task in {None, *_TASK_NAMES.get(base.task, (base.task,))}:
        return found
    detail = f"the model was trained for {base.task}: leave task out"
    return [SpecProblem("/task", "other_task", detail)]


def _as_the_model_sees(table: TableSchema, preprocessing: Preprocessing) -> TableSchema:
    """Return the table with the column kinds of the model."""
    kinds = {column.name: KINDS[type(column)][0] for column in preprocessing.columns}
    columns = tuple(
        replace(
            column,
            kind=kinds.get(column.name, column.kind),
            # Categories need a count, which is unknown for a column of too many texts.
            distinct=0 if column.distinct is None and column.kind == "text" else column.distinct,
        )
        for column in table.columns
    )
    return replace(table, columns=columns)
