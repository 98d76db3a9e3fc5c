"""Targets of a training that starts from a model: they must be what the model predicts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.data.levels import describe_levels, kind_of
from engine.data.table import ColumnKind, ColumnSchema, Level, TableSchema, find_column, level_text
from engine.errors import SpecProblem
from engine.findings import name_columns
from engine.preprocessing.fitted import ClassTarget, FittedTarget, LabelTargets, target_names
from engine.resolution.other_tables import find_new_classes
from engine.resolution.targets import target_pointer

_TEXTS: tuple[ColumnKind, ...] = ("categorical", "text")
_NEW_MODEL = "or leave out start_from to train a new model"


def find_other_targets(
    names: Sequence[str], fitted: FittedTarget, features: Sequence[str], table: TableSchema
) -> Iterator[SpecProblem]:
    """Yield a problem per requested target that is not what the model predicts.

    A single target may have another name than the model's.

    Args:
        names: the requested targets.
        fitted: the model's targets.
        features: the model's features.
        table: schema of the table.
    """
    own = target_names(fitted)
    if tuple(names) != own and not len(names) == len(own) == 1:
        detail = f"the model predicts {name_columns(own)}: list the same targets in the same order"
        if not own:
            detail = "the model reconstructs its inputs: leave target out"
        yield SpecProblem("/target", "other_targets", detail)
        return
    for index, (name, known) in enumerate(zip(names, own, strict=True)):
        target = find_column(table.columns, name)
        # Resolution reports an unknown column.
        found = None if target is None else _compare(target, known, fitted, index, features)
        if found is not None:
            yield SpecProblem(target_pointer(index, len(names)), *found)


def _compare(
    target: ColumnSchema, known: str, fitted: FittedTarget, index: int, features: Sequence[str]
) -> tuple[str, str] | None:
    """Return code and reason if a column cannot be the model's target."""
    classes = _classes_at(fitted, index)
    predicts = f"the model predicts {known!r}"
    if target.name in features:
        detail = f"{predicts} from {target.name!r}, which is one of its features: set target to the"
        return "other_targets", f"{detail} column of what it predicts, {_NEW_MODEL}"
    if classes is None:
        if target.kind == "numeric":
            return None
        detail = f"{predicts}, a number; column {target.name!r} is {target.kind}: name a column of"
        return "other_targets", f"{detail} numbers, {_NEW_MODEL}"
    new = find_new_classes(target, classes)
    comparable = (kind_of(classes) == "categorical") == (target.kind in _TEXTS)
    has_few = target.distinct is not None and target.distinct <= len(classes)
    if comparable and not new and has_few:
        return None
    code = "new_class" if comparable and target.name == known else "other_targets"
    lacks = f": {describe_levels(new)}" if new else ""
    detail = (
        f"column {target.name!r} has classes that the model lacks{lacks}. It predicts "
        f"{describe_levels(classes)} of {known!r}: leave out the rows of others, {_NEW_MODEL}"
    )
    return code, detail


def _classes_at(fitted: FittedTarget, index: int) -> tuple[Level, ...] | None:
    """Return the classes of one of the model's targets; None for numbers."""
    match fitted:
        case ClassTarget():
            return fitted.classes
        case LabelTargets():
            return fitted.labels[index].classes
        case _:
            return None


def with_classes_of(names: Sequence[str], fitted: FittedTarget, table: TableSchema) -> TableSchema:
    """Return the table with all classes of the model, of which its rows may lack some."""
    classes = {name: _classes_at(fitted, index) for index, name in enumerate(names)}
    columns = (
        column if found is None else _with_classes(column, found)
        for column in table.columns
        for found in [classes.get(column.name)]
    )
    return replace(table, columns=tuple(columns))


def _with_classes(column: ColumnSchema, classes: Sequence[Level]) -> ColumnSchema:
    kind: ColumnKind = "categorical" if column.kind in _TEXTS else column.kind
    is_same_kind = kind == kind_of(classes)
    levels = tuple(level_text(level) for level in classes) if is_same_kind else None
    return replace(column, kind=kind, distinct=len(classes), levels=levels)
