"""Where each fitted column goes among the network's inputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.fitted import FittedBoolean, FittedCodes, FittedColumn, FittedLevels, FittedNumeric


@dataclass(frozen=True)
class Numbers:
    """The numeric columns, side by side so that they are scaled at once.

    Attributes:
        names: of the columns.
        center: of each, shape `(columns, 1)`, as are scale and fill.
        slots: which inputs they are.
    """

    names: tuple[str, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    fill: NDArray[np.float64]
    slots: Indices | slice


@dataclass(frozen=True)
class Placement:
    """How many inputs there are, and for each column but numeric ones its first input."""

    width: int
    numbers: Numbers
    booleans: tuple[tuple[FittedBoolean, int], ...]
    levels: tuple[tuple[FittedLevels, int], ...]
    codes: tuple[tuple[FittedCodes, int], ...]


def place(columns: Sequence[FittedColumn]) -> Placement:
    """Give each column its inputs, in the columns' order."""
    numeric: list[tuple[FittedNumeric, int]] = []
    booleans: list[tuple[FittedBoolean, int]] = []
    levels: list[tuple[FittedLevels, int]] = []
    codes: list[tuple[FittedCodes, int]] = []
    width = 0
    for column in columns:
        match column:
            case FittedNumeric():
                numeric.append((column, width))
            case FittedBoolean():
                booleans.append((column, width))
            case FittedLevels():
                levels.append((column, width))
            case FittedCodes():
                codes.append((column, width))
        width += len(column.levels) if isinstance(column, FittedLevels) else 1
    numbers = _side_by_side(numeric, width)
    return Placement(width, numbers, tuple(booleans), tuple(levels), tuple(codes))


def _side_by_side(numeric: Sequence[tuple[FittedNumeric, int]], width: int) -> Numbers:
    slots: Indices | slice = np.array([slot for _, slot in numeric], np.intp)
    if len(numeric) == width:
        slots = slice(None)
    return Numbers(
        names=tuple(column.name for column, _ in numeric),
        center=np.array([[column.center] for column, _ in numeric]),
        scale=np.array([[column.scale] for column, _ in numeric]),
        fill=np.array([[column.fill] for column, _ in numeric]),
        slots=slots,
    )
