"""Formulas of the losses of the error e = ŷ − y: a term ρ(e) per output, and its slope ρ′(e)."""

from typing import assert_never

from engine import specs
from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.output_row import OutputRow, scale
from engine.explain.formulas.quantities import mean_factor, shown_indices
from engine.explain.formulas.symbols import HALF, either, function, given, relation, symbol

ErrorLossSpec = (
    specs.MeanSquaredError
    | specs.HalfSquaredError
    | specs.MeanAbsoluteError
    | specs.Huber
    | specs.LogCosh
    | specs.Quantile
)


def error_loss(spec: ErrorLossSpec, row: OutputRow) -> tuple[Expression, tuple[Formula, ...]]:
    """Return the loss of a row, and the formulas of the errors if it abbreviates them."""
    if isinstance(spec, specs.HalfSquaredError):
        return HALF * row.total(lambda k: row.error(k) ** 2, range(row.count)), ()
    expression = row.mean(lambda k: _term(spec, row, k))
    return expression, tuple(_error(row, k) for k in shown_indices("e", expression))


def error_slope(
    spec: ErrorLossSpec, row: OutputRow, index: int
) -> tuple[Expression, tuple[Formula, ...]]:
    """Return ∂l/∂ŷ of an output, and the formula of the error if it is abbreviated."""
    expression = _slope(spec, row, index)
    is_abbreviated = isinstance(spec, specs.Huber | specs.Quantile)
    where = (_error(row, index),) if is_abbreviated else ()
    if isinstance(spec, specs.HalfSquaredError):
        return expression, where
    return scale(mean_factor(row.count, "the number of outputs"), expression), where


def _term(spec: ErrorLossSpec, row: OutputRow, index: int) -> Expression:
    match spec:
        case specs.MeanSquaredError() | specs.HalfSquaredError():
            return row.error(index) ** 2
        case specs.MeanAbsoluteError():
            return function("abs", row.error(index))
        case specs.LogCosh():
            return function("ln", function("cosh", row.error(index)))
        case specs.Huber(delta=delta):
            return _huber(_error(row, index).left, _threshold(delta))
        case specs.Quantile(quantile=quantile):
            q, reverse = _quantile(quantile), row.y(index) - row.predicted(index)
            return function("max", q * reverse, (q - 1) * reverse)
        case _:
            assert_never(spec)


def _huber(e: Symbol, limit: Symbol) -> Expression:
    size = function("abs", e)
    return either(
        (HALF * e**2, [relation(size, "≤", limit)]),
        (limit * (size - HALF * limit), [relation(size, ">", limit)]),
    )


def _slope(spec: ErrorLossSpec, row: OutputRow, index: int) -> Expression:
    match spec:
        case specs.MeanSquaredError():
            return 2 * row.error(index)
        case specs.HalfSquaredError():
            return row.error(index)
        case specs.MeanAbsoluteError():
            return function("sign", row.error(index))
        case specs.LogCosh():
            return function("tanh", row.error(index))
        case specs.Huber(delta=delta):
            e, limit = _error(row, index).left, _threshold(delta)
            return function("max", -limit, function("min", limit, e))
        case specs.Quantile(quantile=quantile):
            e, q = _error(row, index).left, _quantile(quantile)
            return either(
                (-q, [relation(e, "<", 0)]),
                (1 - q, [relation(e, ">", 0)]),
                (HALF - q, [relation(e, "=", 0)]),
            )
        case _:
            assert_never(spec)


def _error(row: OutputRow, index: int) -> Formula:
    """The error e = ŷ − y."""
    return define(symbol("e", 0, index + 1, words=f"the error {index + 1}"), row.error(index))


def _threshold(delta: float) -> Symbol:
    return given("d", delta, words="the threshold")


def _quantile(quantile: float) -> Symbol:
    return given("q", quantile, words="the quantile")
