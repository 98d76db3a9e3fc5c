"""Formulas of embeddings: the vector of a code, and its gradient."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import TOP, UNKNOWN, derivative, strongest, symbol


def embedded(weight: float, code: int, index: int, unit: int) -> Formula:
    """y_j = E[code, k].

    Args:
        weight: the entry of the table.
        code: the code of the row; it is written as it is, 0 is the unknown one.
        index: the index k in the vector, counted from 0 and written from 1.
        unit: the index j among all outputs of the layer.
    """
    return define(symbol("y", UNKNOWN, unit + 1), table_symbol(code, index, weight))


def embedding_gradient(
    gradients: Sequence[float],
    rows: Sequence[int],
    code: int,
    index: int,
    unit: int,
    *,
    top: int = TOP,
) -> Formula:
    """∂L/∂E[code, k] = Σ ∂L/∂y_j over the rows with the code; 0 without such rows.

    Args:
        gradients: ∂L/∂y_j of the rows with the code.
        rows: the positions of these rows in the batch.
        code: the code.
        index: the index k in the vector.
        unit: the index j among all outputs of the layer.
        top: the number of rows that are written out.
    """

    def write(position: int) -> Expression:
        of_row = symbol("y", UNKNOWN, unit + 1, superscript=f"({rows[position] + 1})")
        return derivative(LOSS, of_row, gradients[position])

    total = strongest(gradients, write, top)
    return define(derivative(LOSS, table_symbol(code, index)), total)


def table_symbol(code: int, index: int, value: float = UNKNOWN) -> Symbol:
    """Return an entry of an embedding table."""
    words = f"entry {index + 1} of code {code}"
    return symbol("E", value, code, index + 1, words=words)
