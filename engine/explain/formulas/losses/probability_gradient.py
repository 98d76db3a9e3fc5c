"""Formula of the gradient of binary cross entropy at the logits of a softmax."""

import numpy as np
from numpy.typing import NDArray

from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.output_row import OutputRow, scale
from engine.explain.formulas.quantities import mean_factor, shown_indices
from engine.explain.formulas.symbols import given, strongest, symbol


def softmax_binary_gradient(row: OutputRow, index: int) -> tuple[Expression, tuple[Formula, ...]]:
    """(1 / n) (p_i (n − Σ_k≠i a_k) − y_i), with a_k = (1 − y_k) / (1 − p_k)."""
    n = given("n", row.count, words="the number of outputs")
    others = [k for k in range(row.count) if k != index]
    ratios = _ratios(row)[others].tolist()

    def ratio(place: int) -> Formula:
        k = others[place]
        expression = (1 - row.y(k)) / (1 - row.p(k))
        return define(symbol("a", 0, k + 1), expression).with_value(ratios[place])

    total = strongest(ratios, lambda place: ratio(place).left, row.top)
    expression = row.p(index) * (n - total) - row.y(index)
    where = tuple(ratio(others.index(k)) for k in shown_indices("a", total))
    return scale(mean_factor(row.count, "the number of outputs"), expression), where


def _ratios(row: OutputRow) -> NDArray[np.float64]:
    """A of every output; where p is largest, 1 − p is computed from the other logits."""
    logits = np.asarray(row.logits, np.float64)
    shares = np.exp(logits - logits.max())
    complements = 1 - shares / shares.sum()
    largest = int(np.argmax(logits))
    complements[largest] = np.delete(shares, largest).sum() / shares.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: NDArray[np.float64] = (1 - np.asarray(row.target, np.float64)) / complements
    return ratios
