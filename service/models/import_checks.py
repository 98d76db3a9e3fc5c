"""Checks of the preprocessing of an imported model, each with a JSON pointer."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from engine.data.table import ISO
from engine.errors import SpecProblem
from engine.json_pointer import json_pointer
from engine.resolution.embeddings import categorical_of
from engine.specs import NetworkSpec
from service.schemas.imports import (
    ClassesTarget,
    CodesInput,
    ImportedPreprocessing,
    ImportedTarget,
    InputColumn,
    InputsTarget,
    LabelsTarget,
    LevelsInput,
    NumericInput,
    OrdinalInput,
    TimeInput,
)

_COLUMNS = "/preprocessing/columns"


def find_input_problems(
    preprocessing: ImportedPreprocessing, network: NetworkSpec
) -> Iterator[SpecProblem]:
    """Yield the inconsistencies of the preprocessing and target of an imported model."""
    yield from _find_target_problems(preprocessing.target)
    takes_codes = categorical_of(network) == "embedding"
    for index, column in enumerate(preprocessing.columns):
        here = f"{_COLUMNS}/{index}"
        if isinstance(column, CodesInput) and not takes_codes:
            detail = f"codes require an embedding layer; use levels for {column.name!r}"
            yield SpecProblem(f"{here}/type", "categorical_and_layer", detail)
        yield from _find_level_problems(column, here)
        yield from _find_number_problems(column, here)
    yield from _find_convention_problems(preprocessing)
    names = {column.name for column in preprocessing.columns}
    for index, name in enumerate(preprocessing.incomplete or ()):
        if name not in names:
            pointer = f"/preprocessing/incomplete/{index}"
            yield SpecProblem(pointer, "unknown_column", f"there is no column {name!r}")


def _find_target_problems(target: ImportedTarget) -> Iterator[SpecProblem]:
    pointer = "/preprocessing/target"
    if isinstance(target, ClassesTarget):
        yield from _find_repetition(target.classes, f"{pointer}/classes", "repeated_class")
    if isinstance(target, LabelsTarget):
        for index, label in enumerate(target.labels):
            here = f"{pointer}/labels/{index}/classes"
            yield from _find_repetition(label.classes, here, "repeated_class")
            if len(label.classes) != 2:
                detail = f"a label has two classes, {label.name!r} has {len(label.classes)}"
                yield SpecProblem(here, "not_two_classes", detail)
    if isinstance(target, InputsTarget):
        yield from _find_quantile_problems(target, f"{pointer}/error_quantiles")


def _find_quantile_problems(target: InputsTarget, pointer: str) -> Iterator[SpecProblem]:
    for index, (lower, upper) in enumerate(pairwise(target.error_quantiles or ())):
        if upper < lower:
            detail = f"quantiles must not decrease: {upper:g} follows {lower:g}"
            yield SpecProblem(f"{pointer}/{index + 1}", "not_ascending", detail)
            return


def _find_repetition(values: Sequence[object], pointer: str, code: str) -> Iterator[SpecProblem]:
    if len(set(values)) < len(values):
        yield SpecProblem(pointer, code, "the values must be unique")


def _find_level_problems(column: InputColumn, here: str) -> Iterator[SpecProblem]:
    if isinstance(column, LevelsInput | CodesInput | OrdinalInput):
        yield from _find_repetition(column.levels, f"{here}/levels", "repeated_level")
    if not isinstance(column, LevelsInput | CodesInput) or column.fill is None:
        return
    if column.fill not in column.levels:
        detail = f"fill must be one of the levels, not {column.fill!r}"
        yield SpecProblem(f"{here}/fill", "unknown_level", detail)


def _find_number_problems(column: InputColumn, here: str) -> Iterator[SpecProblem]:
    if isinstance(column, TimeInput):
        yield from _find_repetition(column.parts, f"{here}/parts", "repeated_part")
    if not isinstance(column, NumericInput | TimeInput):
        return
    if (
        column.minimum is not None
        and column.maximum is not None
        and column.maximum < column.minimum
    ):
        detail = f"maximum must be at least minimum, {column.minimum:g}"
        yield SpecProblem(f"{here}/maximum", "empty_range", detail)


def _find_convention_problems(preprocessing: ImportedPreprocessing) -> Iterator[SpecProblem]:
    times = {column.name for column in preprocessing.columns if isinstance(column, TimeInput)}
    for name, time_format in preprocessing.words.time_formats.items():
        # A dataset has more columns than its model; the formats of the others are not used.
        if name in times and time_format != ISO and "%" not in time_format:
            detail = f"must be iso or a strptime format, not {time_format!r}"
            pointer = json_pointer("preprocessing", "words", "time_formats", name)
            yield SpecProblem(pointer, "unknown_format", detail)
