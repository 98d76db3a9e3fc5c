"""Formulas of batch and layer normalization, forward.

The n values are those of a channel over the batch, or those of a row; values are counted from 0 in
arguments and from 1 in formulas.
"""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Root, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import TOP, UNKNOWN, given, strongest, symbol


def mean(values: Sequence[float], *, top: int = TOP) -> Formula:
    """μ = (1 / n) Σ x."""
    total = strongest(values, lambda index: symbol("x", values[index], index + 1), top)
    return define(mean_symbol(), (1 / count_symbol(len(values))) * total)


def variance(values: Sequence[float], average: float, *, top: int = TOP) -> Formula:
    """σ² = (1 / n) Σ (x − μ)²."""
    mu = mean_symbol(average)

    def write(index: int) -> Expression:
        return (symbol("x", values[index], index + 1) - mu) ** 2

    squares = [(value - average) ** 2 for value in values]
    total = strongest(squares, write, top)
    return define(variance_symbol(), (1 / count_symbol(len(values))) * total)


def normalized(
    value: float, average: float, spread: float, epsilon: float, index: int | None = None
) -> Formula:
    """x̂ = (x − μ) / √(σ² + ε).

    Args:
        value: x.
        average: μ; the running mean in a frozen layer.
        spread: σ²; the running variance in a frozen layer.
        epsilon: ε.
        index: the index of x among the normalized values.
    """
    subscripts = () if index is None else (index + 1,)
    centered = symbol("x", value, *subscripts) - mean_symbol(average)
    left = symbol("x", UNKNOWN, *subscripts, mark="hat")
    return define(left, centered / standard_deviation(spread, epsilon))


def scaled(normal: float, scale: float, shift: float) -> Formula:
    """Y = γ x̂ + β."""
    expression = symbol("γ", scale) * symbol("x", normal, mark="hat") + symbol("β", shift)
    return define(symbol("y"), expression)


def running_mean(running: float, average: float, momentum: float) -> Formula:
    """r′ = m r + (1 − m) μ, the running mean of batch normalization."""
    return _running(running, mean_symbol(average), momentum, "the running mean")


def running_variance(running: float, spread: float, momentum: float, count: int) -> Formula:
    """r′ = m r + (1 − m) σ² n / (n − 1), the running variance of batch normalization.

    Args:
        running: r before the step.
        spread: σ² of the batch.
        momentum: m.
        count: n, the number of values per channel.
    """
    n = count_symbol(count)
    unbiased = variance_symbol(spread) * (n / (n - 1)) if count > 1 else variance_symbol(spread)
    return _running(running, unbiased, momentum, "the running variance")


def mean_symbol(value: float = UNKNOWN) -> Symbol:
    """Return μ."""
    return symbol("μ", value, words="the mean")


def variance_symbol(value: float = UNKNOWN) -> Symbol:
    """Return σ²."""
    return symbol("σ", value, superscript="2", words="the variance")


def count_symbol(count: int) -> Symbol:
    """Return n."""
    return given("n", count, words="the number of values")


def standard_deviation(spread: float, epsilon: float) -> Root:
    """√(σ² + ε)."""
    return Root(variance_symbol(spread) + given("ε", epsilon))


def _running(running: float, new: Expression, momentum: float, words: str) -> Formula:
    m = given("m", momentum, words="the momentum")
    left = symbol("r", UNKNOWN, superscript="′", words=f"the new value of {words}")
    return define(left, m * symbol("r", running, words=words) + (1 - m) * new)
