"""Fitted column parameters: dataclasses stored as JSON next to the weights."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.arrays import Floats
from engine.data.table import Level
from engine.specs import TimePart


@dataclass(frozen=True)
class FittedNumeric:
    """A number as one input, (t(value) − center) / scale; a missing value is replaced by fill.

    Attributes:
        name: name of the column.
        center: subtracted, after the logarithm if `log` is set.
        scale: divisor.
        fill: replacement for a missing value, before scaling.
        log: t(x) = sign(x)·log(1 + |x|), else t(x) = x.
        minimum: minimum of the training rows; None if unknown.
        maximum: maximum of the training rows; None if unknown.
        indicator: an additional input is 1 where the value is missing.
        type: discriminator of the stored JSON.
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
    """A boolean as one input, 0 or 1; fill, a mean of zeros and ones, replaces a missing value."""

    name: str
    fill: float
    indicator: bool = False
    type: Literal["boolean"] = "boolean"


@dataclass(frozen=True)
class FittedCategories:
    """A one-hot category: one input per level, 1 for the row's level and 0 for all others.

    With rest, an additional input stands for every level not in `levels`: infrequent ones, and
    those absent from the training rows; without rest, such a row is all zeros. A missing value is
    all zeros too, unless fill, one of the levels, replaces it.
    """

    name: str
    levels: tuple[str, ...]
    rest: bool = False
    fill: str | None = None
    indicator: bool = False
    type: Literal["levels"] = "levels"


@dataclass(frozen=True)
class FittedCodes:
    """A category as one input for an embedding: 1 + the index of the row's level.

    With rest, the code after the last level's stands for levels not in `levels`. Code 0 is a
    missing value without fill and, without rest, a level not in `levels`.
    """

    name: str
    levels: tuple[str, ...]
    rest: bool = False
    fill: str | None = None
    type: Literal["codes"] = "codes"


@dataclass(frozen=True)
class FittedOrdinal:
    """A category as one input: (index of its level − center) / scale.

    fill, an index, replaces a missing level and one not in `levels`.
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
    """A time, in seconds since 1970 (UTC), as its parts in order.

    year: (year − center) / scale, one input; month, weekday and hour: sine and cosine of the
    elapsed fraction of the year, week or day, two inputs each.
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
    """Free text as word counts hashed into buckets (Weinberger et al. 2009)."""

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
    """A numeric target as (value − center) / scale."""

    name: str
    center: float
    scale: float
    type: Literal["number"] = "number"

    def to_own_unit(self, outputs: Floats) -> NDArray[np.float64]:
        """Return outputs · scale + center, in float64."""
        return outputs.astype(np.float64) * self.scale + self.center


FittedTarget: TypeAlias = Annotated[ClassTarget | NumericTarget, Field(discriminator="type")]
