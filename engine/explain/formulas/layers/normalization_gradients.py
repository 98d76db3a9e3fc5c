"""Formulas of the gradients of batch and layer normalization."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.layers.normalization import count_symbol, standard_deviation
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import TOP, UNKNOWN, derivative, strongest, symbol


def scale_gradient(
    gradients: Sequence[float], normals: Sequence[float], *, top: int = TOP
) -> Formula:
    """∂L/∂γ = Σ ∂L/∂y x̂ over the values that γ scales.

    Args:
        gradients: ∂L/∂y of each of these values.
        normals: x̂ of each of them.
        top: the number of products that are written out.
    """

    def write(index: int) -> Expression:
        return _output_gradient(gradients[index], index) * _normal(normals[index], index)

    products = [dy * x for dy, x in zip(gradients, normals, strict=True)]
    return define(derivative(LOSS, symbol("γ")), strongest(products, write, top))


def shift_gradient(gradients: Sequence[float], *, top: int = TOP) -> Formula:
    """∂L/∂β = Σ ∂L/∂y over the values that β shifts."""
    total = strongest(gradients, lambda i: _output_gradient(gradients[i], i), top)
    return define(derivative(LOSS, symbol("β")), total)


def batch_input_gradient(
    gradient: float,
    normal: float,
    scale: float,
    of_scale: float,
    of_shift: float,
    spread: float,
    epsilon: float,
    count: int,
) -> Formula:
    """∂L/∂x = γ / √(σ² + ε) · (∂L/∂y − (∂L/∂β + x̂ ∂L/∂γ) / n), of batch normalization.

    Args:
        gradient: ∂L/∂y.
        normal: x̂.
        scale: γ of the channel.
        of_scale: ∂L/∂γ.
        of_shift: ∂L/∂β.
        spread: σ² of the channel.
        epsilon: ε.
        count: n, the number of values of the channel.
    """
    gamma, n = symbol("γ", scale), count_symbol(count)
    dbeta = derivative(LOSS, symbol("β"), of_shift)
    dgamma = derivative(LOSS, symbol("γ"), of_scale)
    dy = derivative(LOSS, symbol("y"), gradient)
    x = symbol("x", normal, mark="hat")
    factor = gamma / standard_deviation(spread, epsilon)
    centered = dy - (1 / n) * (dbeta + x * dgamma)
    return define(derivative(LOSS, symbol("x")), factor * centered)


def frozen_input_gradient(gradient: float, scale: float, spread: float, epsilon: float) -> Formula:
    """∂L/∂x = ∂L/∂y γ / √(σ² + ε), of a frozen batch normalization with its running variance."""
    factor = symbol("γ", scale) / standard_deviation(spread, epsilon)
    dy = derivative(LOSS, symbol("y"), gradient)
    return define(derivative(LOSS, symbol("x")), dy * factor)


def row_input_gradient(
    gradients: Sequence[float],
    scales: Sequence[float],
    normals: Sequence[float],
    index: int,
    spread: float,
    epsilon: float,
    *,
    top: int = TOP,
) -> Formula:
    """∂L/∂x_i = (g_i − (Σ g + x̂_i Σ g x̂) / n) / √(σ² + ε), of layer normalization.

    Args:
        gradients: ∂L/∂y of the row.
        scales: γ of the row's values; g = γ ∂L/∂y.
        normals: x̂ of the row.
        index: the index i.
        spread: σ² of the row.
        epsilon: ε.
        top: the number of terms of a sum that are written out.
    """
    scaled = [
        define(symbol("g", UNKNOWN, i + 1), symbol("γ", scale, i + 1) * _output_gradient(dy, i))
        for i, (scale, dy) in enumerate(zip(scales, gradients, strict=True))
    ]
    values, n = [one.value for one in scaled], count_symbol(len(scaled))

    def g(i: int) -> Symbol:
        return scaled[i].left

    total = strongest(values, g, top)
    products = [value * normal for value, normal in zip(values, normals, strict=True)]
    projection = strongest(products, lambda i: g(i) * _normal(normals[i], i), top)
    means = (1 / n) * (total + _normal(normals[index], index) * projection)
    centered = g(index) - means
    left = derivative(LOSS, symbol("x", UNKNOWN, index + 1))
    return define(left, centered / standard_deviation(spread, epsilon), scaled[index])


def _output_gradient(value: float, index: int) -> Symbol:
    return derivative(LOSS, symbol("y", UNKNOWN, index + 1), value)


def _normal(value: float, index: int) -> Symbol:
    return symbol("x", value, index + 1, mark="hat")
