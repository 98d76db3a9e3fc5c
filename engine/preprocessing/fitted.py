"""Fitted column parameters: dataclasses stored as JSON next to the weights."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.arrays import Floats
from engine.data.table import Level
from engine.specs import TimePart

# Values are clipped at this many widths of the training range beyond it, to avoid overflow.
CLIP_SPANS = 1000.0


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
        clip_spans: values are clipped at this many widths of the training range beyond it.
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
    clip_spans: float = CLIP_SPANS
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


@dataclass(frozen=True)
class InputsTarget:
    """The inputs themselves, which an autoencoder reconstructs.

    Attributes:
        error_quantiles: evenly spaced quantiles of the training rows' reconstruction errors, from
            minimum to maximum; None before training has ended, or if they are unknown.
        type: discriminator of the stored JSON.
    """

    error_quantiles: tuple[float, ...] | None = None
    type: Literal["inputs"] = "inputs"


@dataclass(frozen=True)
class NumericTargets:
    """Several numbers per row, each scaled by itself, in the order of the spec's targets."""

    targets: tuple[NumericTarget, ...]
    type: Literal["numbers"] = "numbers"


@dataclass(frozen=True)
class LabelTargets:
    """Several labels per row, each with two classes, in the order of the spec's targets.

    The second class of a label is its positive: the network outputs its probability.
    """

    labels: tuple[ClassTarget, ...]
    type: Literal["labels"] = "labels"


FittedTarget: TypeAlias = Annotated[
    ClassTarget | NumericTarget | NumericTargets | LabelTargets | InputsTarget,
    Field(discriminator="type"),
]


# Of one target; of several labels by target name.
Classes: TypeAlias = list[Level] | dict[str, list[Level]]


def target_names(target: FittedTarget) -> tuple[str, ...]:
    """Return the names of the target columns in order; empty if the inputs are the target."""
    match target:
        case NumericTargets():
            return tuple(one.name for one in target.targets)
        case LabelTargets():
            return tuple(one.name for one in target.labels)
        case InputsTarget():
            return ()
        case _:
            return (target.name,)


def classes_of(target: FittedTarget) -> Classes | None:
    """Return the classes in the order of the outputs, by label for several; None for numbers."""
    match target:
        case ClassTarget():
            return list(target.classes)
        case LabelTargets():
            return {one.name: list(one.classes) for one in target.labels}
        case _:
            return None


def numbers_of(target: NumericTarget | NumericTargets) -> tuple[NumericTarget, ...]:
    """Return the numeric targets in order."""
    return target.targets if isinstance(target, NumericTargets) else (target,)
