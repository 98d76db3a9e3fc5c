"""Checks of the held inputs of an imported model, each with a JSON pointer."""

from collections.abc import Iterator

from engine.errors import SpecProblem
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.held_inputs import HeldCodes, HeldInputs
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import MAX_FEATURES

_HELD = "/preprocessing/held"


def find_held_problems(preprocessing: Preprocessing) -> Iterator[SpecProblem]:
    """Yield held inputs and codes that the columns do not have."""
    if preprocessing.width > MAX_FEATURES:
        return  # resolving reports the excess
    held = preprocessing.held
    counts = {table.position: table.codes for table in tables_of(preprocessing.columns)}
    if len(held.values) != len(held.inputs):
        detail = f"there must be one value per input: {len(held.inputs)}, not {len(held.values)}"
        yield SpecProblem(f"{_HELD}/values", "wrong_length", detail)
    yield from _find_input_problems(held, preprocessing.width, counts)
    seen: set[int] = set()
    for index, codes in enumerate(held.codes):
        here = f"{_HELD}/codes/{index}"
        if codes.input not in counts:
            detail = f"input {codes.input} does not belong to a column of codes"
            yield SpecProblem(f"{here}/input", "unknown_input", detail)
        elif codes.input in seen:
            yield SpecProblem(f"{here}/input", "repeated_input", "the inputs must be unique")
        else:
            yield from _find_code_problems(codes, counts[codes.input], here)
        seen.add(codes.input)


def _find_input_problems(
    held: HeldInputs, width: int, counts: dict[int, int]
) -> Iterator[SpecProblem]:
    """Yield the first problem of the list of inputs."""
    previous = -1
    for index, position in enumerate(held.inputs):
        here = f"{_HELD}/inputs/{index}"
        if position >= width:
            detail = f"there is no input {position}: the columns become {width} inputs"
            yield SpecProblem(here, "unknown_input", detail)
            return
        if position in counts:
            detail = f"input {position} is a code: list its unused codes in codes"
            yield SpecProblem(here, "unknown_input", detail)
            return
        if position <= previous:
            yield SpecProblem(here, "repeated_input", "the inputs must be unique and ascending")
            return
        previous = position


def _find_code_problems(held: HeldCodes, count: int, here: str) -> Iterator[SpecProblem]:
    if max(*held.codes, held.substitute) >= count:
        detail = f"the column has the codes 0 to {count - 1}"
        yield SpecProblem(f"{here}/codes", "unknown_code", detail)
    if held.substitute in held.codes:
        detail = f"code {held.substitute} is replaced itself"
        yield SpecProblem(f"{here}/substitute", "unknown_code", detail)
