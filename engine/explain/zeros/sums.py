"""Causes of the zeros of sums and products: those of their terms and factors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats
from engine.explain.zeros.causes import (
    Cause,
    Codes,
    Flags,
    choose,
    code_of,
    fill_zeros,
    present,
    rank,
)


@dataclass(frozen=True)
class LinearMap:
    """Sums that are linear in their operands, such as x W in x.

    Attributes:
        count: number of terms of each sum whose operand is marked with 1; terms with a weight of 0
            do not count.
        size: Σ |term| from |operands|, in the dtype of training.
    """

    count: Callable[[Floats], Floats]
    size: Callable[[Floats], Floats]


@dataclass(frozen=True)
class Terms:
    """The terms of sums, counted; all arrays have the sums' shape.

    Attributes:
        by_code: number of terms that are 0 by each cause.
        nonzero: number of terms none of whose factors is 0.
        size: Σ |term|.
    """

    by_code: Mapping[int, Floats]
    nonzero: Floats
    size: Floats


def zeros_of_sums(values: Floats, terms: Terms, rest: Codes | int, layer: int | None) -> Codes:
    """Return the causes of the zeros of sums: the most frequent one of their terms.

    Args:
        values: the sums.
        terms: their terms, counted.
        rest: cause where no term is counted.
        layer: index of the layer that computes the sums.
    """
    best = np.zeros(values.shape)
    found = np.broadcast_to(np.asarray(rest, np.uint16), values.shape)
    for code, count in sorted(terms.by_code.items(), key=lambda item: rank(item[0])):
        found = np.where(count > best, np.uint16(code), found)
        best = np.maximum(best, count)
    underflow, exact = code_of(Cause.UNDERFLOW, layer), code_of(Cause.EXACT_ZERO, layer)
    has_terms = terms.nonzero > 0
    codes = choose((has_terms & (terms.size == 0), underflow), (has_terms, exact), otherwise=found)
    return fill_zeros(values, codes)


def count_terms(operands: Floats, codes: Codes, sums: LinearMap) -> Terms:
    """Count the terms of sums that are linear in operands, by the causes of the operands' zeros."""
    return Terms(
        by_code={code: sums.count(mark(codes == code, operands)) for code in present(codes)},
        nonzero=sums.count(mark(operands != 0, operands)),
        size=sums.size(np.abs(operands)),
    )


def mark(condition: Flags, like: Floats) -> Floats:
    """Return 1 where a condition holds and 0 elsewhere, in the dtype of other numbers."""
    return condition.astype(like.dtype)


def zeros_of_products(
    products: Floats,
    first: tuple[Floats, Codes],
    second: tuple[Floats, Codes],
    *,
    layer: int | None,
) -> Codes:
    """Return the causes of the zeros of products, such as a contribution a · δ.

    The first factor's cause is named if both are 0. Shapes are broadcast.

    Args:
        products: the products.
        first: first factor and the causes of its zeros.
        second: second factor and the causes of its zeros.
        layer: index of the layer that computes the products.
    """
    underflow = code_of(Cause.UNDERFLOW, layer)
    codes = choose((first[0] == 0, first[1]), (second[0] == 0, second[1]), otherwise=underflow)
    return fill_zeros(products, codes)


def zeros_of_two_terms(
    values: Floats,
    first: tuple[Floats, Codes],
    second: tuple[Floats, Codes],
    *,
    layer: int | None,
) -> Codes:
    """Return the causes of the zeros of x + y; of two zeros, the second's cause is named."""
    are_zero = (first[0] == 0) & (second[0] == 0)
    codes = choose((are_zero, second[1]), otherwise=code_of(Cause.EXACT_ZERO, layer))
    return fill_zeros(values, codes)
