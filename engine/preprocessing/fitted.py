"""What preprocessing remembers of each column: plain dataclasses, kept as JSON beside weights."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from engine.data.table import Level
from engine.specs import TimePart


@dataclass(frozen=True)
class FittedNumeric:
    """A number as one input: (t(value) − center) / scale, with fill for a missing value.

    Attributes:
        name: of the column.
        center: what is subtracted, and scale what is divided by, after the logarithm if there is.
        scale: as said.
        fill: a value that stands in for a missing one.
        log: t(x) = sign(x)·log(1 + |x|), else t(x) = x.
        minimum: of the training rows; None if it is unknown. So is maximum.
        maximum: as said.
        indicator: a further input is 1 where the value was missing.
    """

    name: str
    center: float
    scale: float
    fill: float
    log: bool = False
    minimum: float | None = None
    maximum: float | None = None
    indicator: bool = False
    type: Literal["numeric"] = "numeric"


@dataclass(frozen=True)
class FittedBoolean:
    """A truth value as one input, 0 or 1, with fill (a share of ones) for a missing value."""

    name: str
    fill: float
    indicator: bool = False
    type: Literal["boolean"] = "boolean"


@dataclass(frozen=True)
class FittedCategories:
    """A category as one input a level: 1 for the row's level, 0 for the others.

    With rest, one more input stands for all levels that are not named: rare ones and such that no
    training row had; without it they are 0 throughout. So is a missing one, unless a fill, one of
    the levels, stands in for it.
    """

    name: str
    levels: tuple[str, ...]
    rest: bool = False
    fill: str | None = None
    indicator: bool = False
    type: Literal["levels"] = "levels"


@dataclass(frozen=True)
class FittedCodes:
    """A category as one input for an embedding to look up: 1 + the index of the row's level.

    With rest, the code after the last level's stands for levels that are not named. 0 for a missing
    one without fill, and without rest for a level that is not named.
    """

    name: str
    levels: tuple[str, ...]
    rest: bool = False
    fill: str | None = None
    type: Literal["codes"] = "codes"


@dataclass(frozen=True)
class FittedOrdinal:
    """A category as one input: (the index of its level − center) / scale.

    fill, an index, stands for a missing level and for one that is not named.
    """

    name: str
    levels: tuple[str, ...]
    center: float
    scale: float
    fill: float
    indicator: bool = False
    type: Literal["ordinal"] = "ordinal"


@dataclass(frozen=True)
class FittedTime:
    """A time, in seconds since 1970 (UTC), as its parts, in their order.

    year: (year − center) / scale, one input; month, weekday and hour: sine and cosine of the share
    of the year, week or day that is past, two inputs each.
    """

    name: str
    parts: tuple[TimePart, ...]
    center: float
    scale: float
    fill: float
    minimum: float | None = None
    maximum: float | None = None
    indicator: bool = False
    type: Literal["time"] = "time"


@dataclass(frozen=True)
class FittedText:
    """Free text as counts of its words, hashed into buckets (Weinberger et al. 2009)."""

    name: str
    buckets: int
    indicator: bool = False
    type: Literal["text"] = "text"


FittedColumn: TypeAlias = Annotated[
    FittedNumeric
    | FittedBoolean
    | FittedCategories
    | FittedCodes
    | FittedOrdinal
    | FittedTime
    | FittedText,
    Field(discriminator="type"),
]


@dataclass(frozen=True)
class ClassTarget:
    """Classes in ascending order; a row's target is the index of its class."""

    name: str
    classes: tuple[Level, ...]
    type: Literal["classes"] = "classes"


@dataclass(frozen=True)
class NumericTarget:
    """A number as (value − center) / scale."""

    name: str
    center: float
    scale: float
    type: Literal["number"] = "number"


FittedTarget: TypeAlias = Annotated[ClassTarget | NumericTarget, Field(discriminator="type")]
