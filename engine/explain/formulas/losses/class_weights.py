"""The weights q of the classes in cross entropy."""

from engine.explain.formulas.expression import Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.output_row import OutputRow
from engine.explain.formulas.symbols import given, symbol


def class_weight(smoothing: float, row: OutputRow, index: int) -> Formula:
    """q_k = (1 − s) y_k + s / n, with the label smoothing s and n classes."""
    share, classes = (
        label_smoothing(smoothing),
        given("n", row.count, words="the number of classes"),
    )
    left = symbol("q", 0, index + 1)
    return define(left, (1 - share) * row.y(index) + share / classes)


def class_weights(smoothing: float, row: OutputRow) -> tuple[Formula, ...]:
    """Return the q of the class and of another one; the other classes have the same."""
    other = 1 if row.target_class == 0 else 0
    return tuple(class_weight(smoothing, row, k) for k in sorted({row.target_class, other}))


def label_smoothing(smoothing: float) -> Symbol:
    """Return the label smoothing s."""
    return given("s", smoothing, words="the label smoothing")
