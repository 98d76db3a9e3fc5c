"""Target values that a client gives, as columns of the kind that the training's dataset has."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.data.levels import describe_levels, kind_of, read_level
from engine.data.table import CategoricalColumn, Column, FileConventions, Level, NumericColumn
from engine.data.value_reader import ValueReader, WrongValueError
from engine.errors import DataError
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    numbers_of,
)


def read_given_targets(
    target: FittedTarget, words: FileConventions, values: Sequence[Mapping[str, Level | None]]
) -> dict[str, Column]:
    """Return the target columns of given rows by name; none if the inputs are the target.

    Args:
        target: the fitted target.
        words: notation of the training file.
        values: for each row, the value of each target.

    Raises:
        DataError: a target is missing, cannot be read, or is not a class that the network knows.
    """
    reader = ValueReader(words)
    match target:
        case InputsTarget():
            return {}
        case ClassTarget():
            targets: Sequence[ClassTarget | NumericTarget] = (target,)
        case LabelTargets():
            targets = target.labels
        case _:
            targets = numbers_of(target)
    return {one.name: _read_column(reader, one, values) for one in targets}


def _read_column(
    reader: ValueReader,
    target: ClassTarget | NumericTarget,
    rows: Sequence[Mapping[str, Level | None]],
) -> Column:
    levels = target.classes if isinstance(target, ClassTarget) else ()
    read = [_read_value(reader, target.name, levels, row.get(target.name)) for row in rows]
    if isinstance(target, NumericTarget) or kind_of(levels) == "numeric":
        return NumericColumn(np.array(read, np.float64))
    codes = np.array([levels.index(level) for level in read], np.int32)
    return CategoricalColumn(codes, levels)  # type: ignore[arg-type]


def _read_value(
    reader: ValueReader, name: str, classes: Sequence[Level], value: Level | None
) -> Level:
    """Return a number, or one of the classes. Raises DataError."""
    kind = kind_of(classes) if classes else "numeric"
    try:
        level = None if value is None else read_level(reader, kind, value, classes)
    except WrongValueError as error:
        message = _no_class(name, classes, value) if classes else f"target {name!r}: {error}"
        raise DataError(message, name) from error
    if level is None:
        message = f"the row has no value of the target {name!r}"
        raise DataError(message, name)
    if classes and level not in classes:
        raise DataError(_no_class(name, classes, level), name)
    return level


def _no_class(name: str, classes: Sequence[Level], value: Level | None) -> str:
    shown = f"{value!r:.80}"
    return (
        f"target {name!r} has no class {shown}; its classes are {describe_levels(classes, value)}"
    )
