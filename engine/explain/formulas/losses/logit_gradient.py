"""Formulas of δ = ∂L/∂z at the logits, where the loss is fused with the output activation."""

import numpy as np

from engine import specs
from engine.explain.formulas.activations.slopes import slope_expression
from engine.explain.formulas.expression import Expression, Negation
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.class_weights import class_weight
from engine.explain.formulas.losses.error_terms import ErrorLossSpec, error_slope
from engine.explain.formulas.losses.output_gradient import output_gradient
from engine.explain.formulas.losses.output_row import OutputRow, Share, scale
from engine.explain.formulas.losses.probability_gradient import softmax_binary_gradient
from engine.explain.formulas.quantities import mean_factor, shown_indices
from engine.explain.formulas.symbols import HALF, either, function, given, relation, symbol

_Parts = tuple[Expression, tuple[Formula, ...]]


def logit_gradient(
    spec: specs.LossSpec, row: OutputRow, index: int, share: Share | None = None
) -> Formula:
    """δ_k = ∂L/∂z_k of one row.

    Args:
        spec: the loss, compatible with the row's output activation.
        row: logits, outputs and targets of the row.
        index: the index k of the logit.
        share: the row's share of the batch's loss; None for the gradient of the row's own loss.
    """
    expression, where = _gradient(spec, row, index, share)
    left = symbol("δ", 0, index + 1, words=f"delta of output {index + 1}")
    return define(left, expression, *where)


def _gradient(spec: specs.LossSpec, row: OutputRow, index: int, share: Share | None) -> _Parts:
    factors = () if share is None else share.factors()
    match spec:
        case specs.CrossEntropy(label_smoothing=smoothing):
            expression, where = _cross_entropy(smoothing, row, index)
        case specs.BinaryCrossEntropy():
            expression, where = _binary_cross_entropy(row, index)
        case specs.Hinge(margin=margin):
            expression, where = _hinge(margin, row, index), ()
        case specs.Poisson():
            expression, where = _poisson(row, index)
        case specs.Gaussian():
            expression, where = _gaussian(row, index), ()
        case _:
            return _error(spec, row, index, share)
    return scale(factors, expression), where


def _cross_entropy(smoothing: float, row: OutputRow, index: int) -> _Parts:
    weight = class_weight(smoothing, row, index)
    where = (weight,) if smoothing else ()
    q = weight.left if smoothing else row.y(index)
    if row.activation == "sigmoid":
        return q * (row.p(index) - 1), where
    return row.p(index) - q, where


def _binary_cross_entropy(row: OutputRow, index: int) -> _Parts:
    if row.activation == "softmax":
        return softmax_binary_gradient(row, index)
    factors = mean_factor(row.count, "the number of outputs")
    return scale(factors, row.p(index) - row.y(index)), ()


def _hinge(margin: float, row: OutputRow, index: int) -> Expression:
    """1 / n for a class within the margin; for the target's class, −1 / n for each of them."""
    m, c = given("m", margin, words="the margin"), row.target_class
    factors = mean_factor(row.count, "the number of classes")

    def is_within(k: int) -> Expression:
        term = m - row.z(c) + row.z(k)
        return either((1, [relation(term, ">", 0)]), (0, [relation(term, "≤", 0)]))

    if index != c:
        return scale(factors, is_within(index))
    total = row.total(is_within, [k for k in range(row.count) if k != c])
    return Negation(scale(factors, total))


def _poisson(row: OutputRow, index: int) -> _Parts:
    factors = mean_factor(row.count, "the number of outputs")
    predicted, y = row.predicted(index), row.y(index)
    if row.activation == "exponential":
        return scale(factors, predicted - y), ()
    slope = define(symbol("s", 0, index + 1), 1 - function("exp", -predicted))
    # Where ŷ is too small for a number, s / ŷ is 1.
    is_tiny = predicted.value < np.finfo(np.float64).tiny
    ratio = y if is_tiny else y * (slope.left / predicted)
    return scale(factors, slope.left - ratio), (slope,)


def _gaussian(row: OutputRow, index: int) -> Expression:
    targets = row.count // 2
    mean, log_variance = row.gaussian(index % targets)
    y = row.y(index % targets)
    factors = mean_factor(targets, "the number of targets")
    if index < targets:
        return scale(factors, (mean - y) * function("exp", -log_variance))
    square = (y - mean) ** 2
    return scale(factors, HALF - HALF * square * function("exp", -log_variance))


def _error(spec: ErrorLossSpec, row: OutputRow, index: int, share: Share | None) -> _Parts:
    """∂L/∂ŷ, then back through the output activation."""
    if row.activation == "softmax":
        return _through_softmax(spec, row, index, share)
    expression, where = error_slope(spec, row, index)
    factors = () if share is None else share.factors()
    expression = scale(factors, expression)
    if row.activation == "linear":
        return expression, where
    slope, abbreviations = slope_expression(row.activation, row.z(index), row.predicted(index))
    return expression * slope, where + abbreviations


def _through_softmax(
    spec: ErrorLossSpec, row: OutputRow, index: int, share: Share | None
) -> _Parts:
    """ŷ_k (∂L/∂ŷ_k − Σ_j ∂L/∂ŷ_j ŷ_j)."""

    def gradient(k: int) -> Formula:
        return output_gradient(spec, row, k, share)

    total = row.total(lambda k: gradient(k).left * row.predicted(k), range(row.count))
    expression = row.predicted(index) * (gradient(index).left - total)
    return expression, tuple(gradient(k) for k in shown_indices("y", expression))
