"""Formulas of the slopes of activation functions, f′(z), as backpropagation computes them."""

from typing import assert_never

from engine import specs
from engine.explain.formulas.activations.values import (
    AnyActivation,
    normal_cdf,
    selu_symbols,
    tanh_gate,
)
from engine.explain.formulas.expression import Expression, Number, Operand, Root, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import (
    PI,
    derivative,
    either,
    function,
    given,
    relation,
    symbol,
)


def slope(spec: AnyActivation, z: float, a: float, unit: int, *, letter: str = "a") -> Formula:
    """∂a_j/∂z_j = f′(z_j), for every elementwise activation.

    Args:
        spec: the activation, other than softmax.
        z: the unit's weighted sum.
        a: the unit's output.
        unit: the unit's index.
        letter: the letter of the output.
    """
    argument, output = symbol("z", z, unit + 1), symbol(letter, a, unit + 1)
    expression, where = slope_expression(spec, argument, output)
    return define(derivative(output, argument), expression, *where)


def slope_expression(
    spec: AnyActivation, z: Symbol, a: Symbol
) -> tuple[Expression, tuple[Formula, ...]]:
    """Return f′(z), and the formulas of its abbreviations."""
    match spec:
        case specs.LeakyRelu(negative_slope=negative):
            return _kinked(a, 1, given("c", negative, words="the negative slope")), ()
        case specs.Elu(alpha=alpha):
            return _kinked(a, 1, a + given("α", alpha)), ()
        case specs.Gelu(approximate="none"):
            density = function("exp", -(z**2 / 2)) / Root(2 * PI)
            return normal_cdf(z) + z * density, ()
        case specs.Gelu():
            return _tanh_gelu(z)
        case _:
            return _named(spec, z, a), ()


def _named(  # noqa: C901, PLR0911, PLR0912 - one case per name
    name: specs.ActivationName | specs.OutputActivation, z: Symbol, a: Symbol
) -> Expression:
    match name:
        case "linear":
            return Number(1)
        case "sigmoid":
            return a * (1 - a)
        case "tanh":
            return 1 - a**2
        case "relu":
            return _kinked(a, 1, 0)
        case "leaky_relu":
            return slope_expression(specs.LeakyRelu(), z, a)[0]
        case "elu":
            return slope_expression(specs.Elu(), z, a)[0]
        case "selu":
            alpha, scale = selu_symbols()
            return _kinked(a, scale, a + scale * alpha)
        case "gelu":
            return slope_expression(specs.Gelu(), z, a)[0]
        case "silu":
            gate = function("σ", z)
            return gate + z * gate * (1 - gate)
        case "softplus":
            return 1 - function("exp", -a)
        case "softsign":
            return (1 - function("abs", a)) ** 2
        case "hard_sigmoid":
            return _between_bounds(a)
        case "exponential":
            return a
        case "softmax":
            message = "softmax has a slope for every pair of outputs"
            raise ValueError(message)
        case _:
            assert_never(name)


def _kinked(a: Symbol, positive: Operand, other: Operand) -> Expression:
    """`positive` where a > 0, `other` elsewhere."""
    return either((positive, [relation(a, ">", 0)]), (other, [relation(a, "≤", 0)]))


def _between_bounds(a: Symbol) -> Expression:
    inside = [relation(a, ">", 0), relation(a, "<", 1)]
    return either((Number(1) / 6, inside), (0, [relation(a, "=", 0)]), (0, [relation(a, "=", 1)]))


def _tanh_gelu(z: Symbol) -> tuple[Expression, tuple[Formula, ...]]:
    gate = define(symbol("g"), tanh_gate(z))
    g = gate.left
    inner = Root(2 / PI) * (1 + 3 * Number(0.044715) * z**2)
    return g + 2 * z * g * (1 - g) * inner, (gate,)
