"""Causes of zeros, and the codes that stand for them in arrays."""

from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats

# A code per number: 0 for a number that is not 0, else a cause and the layer in which it arises.
Codes: TypeAlias = NDArray[np.uint16]
Flags: TypeAlias = NDArray[np.bool_]
_ORIGIN_BITS = 5


class Cause(StrEnum):
    """Why a number is exactly 0: the first reason on the way, not the zeros that follow from it.

    Where several reasons hold for the terms of a sum, the one of most terms is named; with equally
    many, the first in this list.
    """

    ZERO_WEIGHT_ROW = "zero_weight_row"
    DEAD_RELU = "dead_relu"
    RELU_OFF = "relu_off"
    SATURATED = "saturated"
    DROPPED_OUT = "dropped_out"
    MAX_POOL_LOSER = "max_pool_loser"
    OUTSIDE_WINDOWS = "outside_windows"
    PADDING = "padding"
    CODE_ABSENT = "code_absent"
    BEYOND_MARGIN = "beyond_margin"
    OTHER_CLASS = "other_class"
    EXACT_FIT = "exact_fit"
    CONSTANT = "constant"
    NORMALIZED = "normalized"
    ZERO_INPUT = "zero_input"
    ZERO_WEIGHT = "zero_weight"
    FROZEN = "frozen"
    CLIPPED = "clipped"
    ZERO_LEARNING_RATE = "zero_learning_rate"
    NO_DESCENT = "no_descent"
    ROUNDED_AWAY = "rounded_away"
    MAX_NORM = "max_norm"
    INITIAL = "initial"
    UNDERFLOW = "underflow"
    EXACT_ZERO = "exact_zero"


_CAUSES = tuple(Cause)
_NUMBERS = {cause: number for number, cause in enumerate(_CAUSES, start=1)}


def code_of(cause: Cause, origin: int | None = None) -> int:
    """Return the code of a cause.

    Args:
        cause: the cause.
        origin: index in `StepTrace.layers` of the layer in which it arises; None outside of layers:
            in the inputs, the loss or the optimizer.
    """
    return _NUMBERS[cause] | (0 if origin is None else origin + 1) << _ORIGIN_BITS


def cause_of(code: int) -> Cause | None:
    """Return the cause that a code stands for; None for 0, a number that is not 0."""
    number = rank(code)
    return _CAUSES[number - 1] if number else None


def origin_of(code: int) -> int | None:
    """Return the index of the layer in which the cause arises, see `code_of`."""
    place = int(code) >> _ORIGIN_BITS
    return place - 1 if place else None


def fill_zeros(values: Floats, codes: Codes | int) -> Codes:
    """Return the codes at the zeros among the values, and 0 elsewhere; codes are broadcast."""
    return np.where(values == 0, codes, 0).astype(np.uint16)


def choose(*cases: tuple[Flags, Codes | int], otherwise: Codes | int) -> Codes:
    """Return, element by element, the codes of the first case that holds; all are broadcast."""
    found = np.asarray(otherwise, np.uint16)
    for holds, codes in reversed(cases):
        found = np.where(holds, np.asarray(codes, np.uint16), found)
    return found


def rank(code: int) -> int:
    """Return the place of a code's cause among the causes."""
    place: int = int(code) % 2**_ORIGIN_BITS
    return place


def present(codes: Codes) -> list[int]:
    """Return the distinct codes in an array, without 0."""
    return [int(code) for code in np.unique(codes) if code]
