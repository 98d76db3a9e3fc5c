"""What can be wrong with the inputs of a model made elsewhere, each by its pointer."""

from collections.abc import Iterator, Sequence

from engine.data.table import ISO
from engine.errors import SpecProblem
from engine.resolution.embeddings import categorical_of
from engine.specs import NetworkSpec
from service.schemas.imports import (
    ClassesTarget,
    CodesInput,
    ImportedPreprocessing,
    InputColumn,
    LevelsInput,
    NumericInput,
    OrdinalInput,
    TimeInput,
)

_HERE = "/preprocessing/columns"


def find_input_problems(
    described: ImportedPreprocessing, network: NetworkSpec
) -> Iterator[SpecProblem]:
    """Everything that does not fit together in what stands before and after the network."""
    target = described.target
    if isinstance(target, ClassesTarget):
        pointer = "/preprocessing/target/classes"
        yield from _find_repetition(target.classes, pointer, "repeated_class")
    takes_codes = categorical_of(network) == "embedding"
    for index, column in enumerate(described.columns):
        here = f"{_HERE}/{index}"
        if isinstance(column, CodesInput) and not takes_codes:
            detail = f"codes are for an embedding to look up; {column.name!r} may be levels"
            yield SpecProblem(f"{here}/type", "categorical_and_layer", detail)
        yield from _find_level_problems(column, here)
        yield from _find_number_problems(column, here)
    yield from _find_word_problems(described)


def _find_repetition(values: Sequence[object], pointer: str, code: str) -> Iterator[SpecProblem]:
    if len(set(values)) < len(values):
        yield SpecProblem(pointer, code, "one of them is named twice")


def _find_level_problems(column: InputColumn, here: str) -> Iterator[SpecProblem]:
    if isinstance(column, LevelsInput | CodesInput | OrdinalInput):
        yield from _find_repetition(column.levels, f"{here}/levels", "repeated_level")
    if not isinstance(column, LevelsInput | CodesInput) or column.fill is None:
        return
    if column.fill not in column.levels:
        detail = f"{column.fill!r} is none of the levels"
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
        detail = f"maximum is less than minimum, {column.minimum:g}"
        yield SpecProblem(f"{here}/maximum", "empty_range", detail)


def _find_word_problems(described: ImportedPreprocessing) -> Iterator[SpecProblem]:
    times = {column.name for column in described.columns if isinstance(column, TimeInput)}
    for name, time_format in described.words.time_formats.items():
        # A table has more columns than its model; their formats are no matter.
        if name in times and time_format != ISO and "%" not in time_format:
            escaped = name.replace("~", "~0").replace("/", "~1")
            detail = f"{time_format!r} is neither iso nor a format of strptime"
            pointer = f"/preprocessing/words/time_formats/{escaped}"
            yield SpecProblem(pointer, "unknown_format", detail)
