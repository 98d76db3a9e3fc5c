"""Descriptions of the network inputs: which column each comes from, and what it stands for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal, assert_never

from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.feature_layout import count_inputs, positions_of
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
from engine.specs import TimePart

Meaning = Literal[
    "number",
    "truth",
    "category",
    "other_categories",
    "code",
    "rank",
    "year",
    "sine",
    "cosine",
    "words",
    "missing",
]


@dataclass(frozen=True)
class NetworkInput:
    """One input of the network.

    Attributes:
        column: the column that it is computed from.
        meaning: `number`: the scaled number; `truth`: 1 for true; `category`: 1 for the category
            `detail`; `other_categories`: 1 for every category without an input of its own; `code`:
            the code of a category, for an embedding; `rank`: the scaled position of a category;
            `year`: the scaled year; `sine`, `cosine`: of the time's fraction of the period in
            `detail`; `words`: number of words in the hash bucket `detail`; `missing`: 1 where the
            column has no value.
        detail: see `meaning`; None for the others.
        name: name for people.
        center: see `scale`.
        scale: input = (number − center) / scale; None if it is not scaled. The number is that of
            the column, the year, or the position of the category from 0.
        logarithm: whether sign(x) · log(1 + |x|) of the column's number x is scaled instead.
    """

    column: str
    meaning: Meaning
    detail: str | None
    name: str
    center: float | None = None
    scale: float | None = None
    logarithm: bool = False


# The period whose fraction a part of a time is.
_PERIODS: dict[TimePart, str] = {"month": "year", "weekday": "week", "hour": "day"}


def describe_inputs(columns: Sequence[FittedColumn]) -> tuple[NetworkInput, ...]:
    """Return the description of each network input, in the inputs' order."""
    inputs = [inputs_of(column) for column in columns]
    found: dict[int, NetworkInput] = {}
    for column, one, position in zip(columns, inputs, positions_of(inputs), strict=True):
        described = [*_describe_values(column)]
        if one.indicator:
            name = f"{column.name} is missing"
            described.append(NetworkInput(column.name, "missing", None, name))
        found |= dict(zip(range(position.start, position.stop), described, strict=True))
    return tuple(found[index] for index in range(count_inputs(inputs)))


def _describe_values(column: FittedColumn) -> Iterator[NetworkInput]:
    name = column.name
    match column:
        case FittedNumeric():
            scaling = _scaling_of(column.center, column.scale, logarithm=column.log)
            yield NetworkInput(name, "number", None, name, *scaling)
        case FittedBoolean():
            yield NetworkInput(name, "truth", None, name)
        case FittedCategories():
            yield from _describe_categories(column)
        case FittedCodes():
            yield NetworkInput(name, "code", None, f"code of {name}")
        case FittedOrdinal():
            scaling = _scaling_of(column.center, column.scale)
            yield NetworkInput(name, "rank", None, f"rank of {name}", *scaling)
        case FittedTime():
            yield from chain.from_iterable(map(partial(_describe_part, column), column.parts))
        case FittedText():
            yield from map(partial(_describe_bucket, name), range(column.buckets))
        case _:
            assert_never(column)


def _describe_categories(column: FittedCategories) -> Iterator[NetworkInput]:
    name = column.name
    for level in column.levels:
        yield NetworkInput(name, "category", level, f"{name} = {level}")
    if column.rest:
        yield NetworkInput(name, "other_categories", None, f"{name}: other categories")


def _describe_bucket(name: str, bucket: int) -> NetworkInput:
    return NetworkInput(name, "words", str(bucket), f"words of {name} in bucket {bucket}")


def _describe_part(column: FittedTime, part: TimePart) -> Iterator[NetworkInput]:
    name = column.name
    if part == "year":
        scaling = _scaling_of(column.center, column.scale)
        yield NetworkInput(name, "year", None, f"year of {name}", *scaling)
        return
    period = _PERIODS[part]
    yield NetworkInput(name, "sine", period, f"sine of {name} within the {period}")
    yield NetworkInput(name, "cosine", period, f"cosine of {name} within the {period}")


def _scaling_of(
    center: float, scale: float, *, logarithm: bool = False
) -> tuple[float | None, float | None, bool]:
    """Return center, scale and `logarithm`; without any of them if the input is the number."""
    if logarithm or center != 0 or scale != 1:
        return center, scale, logarithm
    return None, None, False
