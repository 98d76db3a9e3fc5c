"""Formulas of 2-D convolution.

Positions, channels, filters and rows are counted from 0 in arguments and from 1 in formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import TOP, UNKNOWN, derivative, strongest, symbol


@dataclass(frozen=True)
class WindowValue:
    """One product of a window: an input value and the weight that it is multiplied by.

    Attributes:
        value: x; 0 in the padding.
        source: position `(row, column, channel)` of x in the input; None in the padding.
        weight: w.
        offset: index `(row, column, channel)` of w in the kernel of the filter.
    """

    value: float
    source: tuple[int, int, int] | None
    weight: float
    offset: tuple[int, int, int]


def convolution(
    window: Sequence[WindowValue],
    bias: float | None,
    position: tuple[int, int, int],
    *,
    letter: str = "x",
    top: int = TOP,
) -> Formula:
    """z[i, j, f] = Σ w[u, v, c, f] x[i·stride + u, j·stride + v, c] + b[f].

    Args:
        window: the products of the window; those of the padding are 0 and left out.
        bias: the filter's bias; None if it has none.
        position: the output position `(row, column, filter)`.
        letter: the letter of the inputs.
        top: the number of products that are written out.
    """
    inside = [one for one in window if one.source is not None]
    filter_index = position[2]

    def write(index: int) -> Expression:
        one = inside[index]
        weight = kernel_symbol(one.offset, filter_index, one.weight)
        return weight * symbol(letter, one.value, *_from_one(one.source or ()))

    total = strongest([one.weight * one.value for one in inside], write, top)
    if bias is not None:
        total = total + symbol("b", bias, filter_index + 1)
    return define(symbol("z", UNKNOWN, *_from_one(position)), total)


def convolution_weight_gradient(
    values: Sequence[float],
    deltas: Sequence[float],
    sources: Sequence[tuple[int, int, int, int]],
    positions: Sequence[tuple[int, int]],
    offset: tuple[int, int, int],
    filter_index: int,
    *,
    letter: str = "x",
    top: int = TOP,
) -> Formula:
    """∂L/∂w[u, v, c, f] = Σ x δ over the rows of the batch and the output positions.

    Args:
        values: the x that the weight is multiplied by, one per row and position.
        deltas: δ of the output there, of the same length, with the row's share of the loss.
        sources: `(row of the batch, row, column, channel)` of each x.
        positions: `(row, column)` of each output.
        offset: index `(row, column, channel)` of the weight in the kernel.
        filter_index: the filter f.
        letter: the letter of the inputs.
        top: the number of products that are written out.
    """

    def write(index: int) -> Expression:
        row, *source = sources[index]
        of_row = f"({row + 1})"
        x = symbol(letter, values[index], *_from_one(source), superscript=of_row)
        output = _from_one((*positions[index], filter_index))
        return x * symbol("δ", deltas[index], *output, superscript=of_row)

    products = [x * d for x, d in zip(values, deltas, strict=True)]
    left = derivative(LOSS, kernel_symbol(offset, filter_index))
    return define(left, strongest(products, write, top))


def convolution_bias_gradient(
    deltas: Sequence[float],
    places: Sequence[tuple[int, int, int]],
    filter_index: int,
    *,
    top: int = TOP,
) -> Formula:
    """∂L/∂b[f] = Σ δ over the rows of the batch and the output positions.

    Args:
        deltas: δ of each output of the filter, with the row's share of the loss.
        places: `(row of the batch, row, column)` of each output.
        filter_index: the filter f.
        top: the number of terms that are written out.
    """

    def write(index: int) -> Expression:
        row, *position = places[index]
        output = _from_one((*position, filter_index))
        return symbol("δ", deltas[index], *output, superscript=f"({row + 1})")

    left = derivative(LOSS, symbol("b", UNKNOWN, filter_index + 1))
    return define(left, strongest(deltas, write, top))


def kernel_symbol(
    offset: tuple[int, int, int], filter_index: int, value: float = UNKNOWN
) -> Symbol:
    """Return a weight of a filter."""
    return symbol("w", value, *_from_one((*offset, filter_index)))


def _from_one(index: Sequence[int]) -> tuple[int, ...]:
    return tuple(number + 1 for number in index)
