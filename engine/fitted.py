"""What preprocessing remembers of each column: plain dataclasses, kept as JSON beside weights."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from engine.tables import Level


@dataclass(frozen=True)
class FittedNumeric:
    """A number as one input: (value − center) / scale, with fill for a missing value."""

    name: str
    center: float
    scale: float
    fill: float
    type: Literal["numeric"] = "numeric"


@dataclass(frozen=True)
class FittedBoolean:
    """A truth value as one input, 0 or 1, with fill (a share of ones) for a missing value."""

    name: str
    fill: float
    type: Literal["boolean"] = "boolean"


@dataclass(frozen=True)
class FittedLevels:
    """A category as one input a level: 1 for the row's level, 0 for the others.

    A level that no training row had, and a missing one, are 0 throughout.
    """

    name: str
    levels: tuple[str, ...]
    type: Literal["levels"] = "levels"


@dataclass(frozen=True)
class FittedCodes:
    """A category as one input for an embedding to look up: 1 + the index of the row's level.

    0 for a level that no training row had, and for a missing one.
    """

    name: str
    levels: tuple[str, ...]
    type: Literal["codes"] = "codes"


FittedColumn: TypeAlias = Annotated[
    FittedNumeric | FittedBoolean | FittedLevels | FittedCodes, Field(discriminator="type")
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
