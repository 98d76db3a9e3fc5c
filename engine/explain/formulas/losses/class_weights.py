"""The weights q of the classes in cross entropy."""

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.output_row import OutputRow
from engine.explain.formulas.quantities import shown_indices
from engine.explain.formulas.symbols import given, symbol


def class_weight(smoothing: float, row: OutputRow, index: int) -> Formula:
    """q_k = (1 − s) y_k + s / n, with the label smoothing s and n classes."""
    share, classes = (
        label_smoothing(smoothing),
        given("n", row.count, words="the number of classes"),
    )
    left = symbol("q", 0, index + 1)
    return define(left, (1 - share) * row.y(index) + share / classes)


def class_weights(smoothing: float, row: OutputRow, expression: Expression) -> tuple[Formula, ...]:
    """Return the q of the class and of one other, if the expression has them: others are equal."""
    shown = shown_indices("q", expression)
    others = [k for k in shown if k != row.target_class][:1]
    indices = [k for k in shown if k == row.target_class or k in others]
    return tuple(class_weight(smoothing, row, k) for k in indices)


def label_smoothing(smoothing: float) -> Symbol:
    """Return the label smoothing s."""
    return given("s", smoothing, words="the label smoothing")
