"""Formulas of activation functions."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine import specs
from engine.activations.rectifiers import SELU_ALPHA, SELU_SCALE
from engine.explain.formulas.expression import Expression, Rest, Root, Sum, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import (
    HALF,
    PI,
    TOP,
    UNKNOWN,
    either,
    function,
    given,
    relation,
    symbol,
)

AnyActivation = specs.Activation | specs.OutputActivation


def activation(spec: AnyActivation, z: float, unit: int, *, letter: str = "a") -> Formula:
    """a_j = f(z_j), for every elementwise activation.

    Args:
        spec: the activation, other than softmax.
        z: the unit's weighted sum.
        unit: the unit's index.
        letter: the letter of the result.
    """
    left, argument = symbol(letter, UNKNOWN, unit + 1), symbol("z", z, unit + 1)
    return define(left, activation_expression(spec, argument))


def softmax(logits: Sequence[float], unit: int, *, letter: str = "a", top: int = TOP) -> Formula:
    """a_i = exp(z_i) / Σ_j exp(z_j).

    Args:
        logits: z of all units, shape `(units,)`.
        unit: the index i.
        letter: the letter of the result.
        top: the number of terms of the denominator that are written out.
    """
    left = symbol(letter, UNKNOWN, unit + 1)
    numerator = function("exp", symbol("z", logits[unit], unit + 1))
    return define(left, numerator / exponential_sum(logits, top))


def exponential_sum(logits: Sequence[float], top: int = TOP) -> Expression:
    """Σ_j exp(z_j), of which the `top` largest terms are written out."""
    z = np.asarray(logits, np.float64)
    order = np.argsort(-z, kind="stable")
    terms: list[Expression] = [
        function("exp", symbol("z", float(z[j]), int(j) + 1)) for j in sorted(order[:top])
    ]
    if len(order) > top:
        terms.append(_rest_of_exponentials(z[order[top:]]))
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def _rest_of_exponentials(z: NDArray[np.float64]) -> Rest:
    """Return the sum of exponentials, with the logarithm in case that it overflows."""
    logarithm = float(z[0] + np.log(np.exp(z - z[0]).sum()))
    with np.errstate(over="ignore"):
        return Rest(len(z), float(np.exp(logarithm)), logarithm)


def activation_expression(spec: AnyActivation, z: Symbol) -> Expression:
    """f(z) of an elementwise activation."""
    match spec:
        case specs.LeakyRelu(negative_slope=slope):
            return function("max", z, _negative_slope(slope) * z)
        case specs.Elu(alpha=alpha):
            return _elu(z, given("α", alpha))
        case specs.Gelu(approximate="none"):
            return z * normal_cdf(z)
        case specs.Gelu():
            return z * tanh_gate(z)
        case _:
            return _named(spec, z)


def _named(  # noqa: C901, PLR0911, PLR0912 - one case per name
    name: specs.ActivationName | specs.OutputActivation, z: Symbol
) -> Expression:
    match name:
        case "linear":
            return z
        case "sigmoid":
            return 1 / (1 + function("exp", -z))
        case "tanh":
            return function("tanh", z)
        case "relu":
            return function("max", z, 0)
        case "leaky_relu":
            return activation_expression(specs.LeakyRelu(), z)
        case "elu":
            return activation_expression(specs.Elu(), z)
        case "selu":
            return _selu(z)
        case "gelu":
            return activation_expression(specs.Gelu(), z)
        case "silu":
            return z * function("σ", z)
        case "softplus":
            return function("ln", 1 + function("exp", z))
        case "softsign":
            return z / (1 + function("abs", z))
        case "hard_sigmoid":
            return function("min", function("max", z / 6 + HALF, 0), 1)
        case "exponential":
            return function("exp", z)
        case "softmax":
            message = "softmax is a function of all logits"
            raise ValueError(message)
        case _:
            assert_never(name)


def normal_cdf(z: Symbol) -> Expression:
    """Φ(z) = ½ (1 + erf(z / √2))."""
    return HALF * (1 + function("erf", z / Root(HALF.denominator)))


def tanh_gate(z: Symbol) -> Expression:
    """½ (1 + tanh(√(2/π) (z + 0.044715 z³))): Φ(z), approximately."""
    cubic = z + 0.044715 * z**3
    return HALF * (1 + function("tanh", Root(HALF.denominator / PI) * cubic))


def selu_symbols() -> tuple[Symbol, Symbol]:
    """Return α and the scale s of SELU."""
    return given("α", SELU_ALPHA), given("s", SELU_SCALE)


def _negative_slope(slope: float) -> Symbol:
    return given("c", slope, words="the negative slope")


def _elu(z: Symbol, alpha: Symbol) -> Expression:
    negative = alpha * (function("exp", z) - 1)
    return either((z, [relation(z, ">", 0)]), (negative, [relation(z, "≤", 0)]))


def _selu(z: Symbol) -> Expression:
    alpha, scale = selu_symbols()
    negative = scale * alpha * (function("exp", z) - 1)
    return either((scale * z, [relation(z, ">", 0)]), (negative, [relation(z, "≤", 0)]))
