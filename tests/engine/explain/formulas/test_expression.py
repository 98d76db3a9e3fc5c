"""Expression trees: how operators build them, and their values at the limits of float64."""

import math

import numpy as np
import pytest

from engine.explain.formulas import evaluate
from engine.explain.formulas.expression import (
    Expression,
    Fraction,
    Negation,
    Number,
    Product,
    Rest,
    Sum,
    leaves,
)
from engine.explain.formulas.formula import define
from engine.explain.formulas.symbols import (
    derivative,
    either,
    function,
    given,
    relation,
    strongest,
    symbol,
)

A, B = symbol("a", 2.0), symbol("b", 3.0)


def test_operators_build_trees() -> None:
    assert Sum((A, B, Negation(Number(1)))) == A + B - 1
    assert Product((Number(2), A, B)) == 2 * A * B
    assert Sum((Number(1), Negation(A))) == 1 - A
    assert Fraction(Number(1), A) == 1 / A
    assert evaluate((A + B) ** 2 / (1 + A) - -B) == pytest.approx(25 / 3 + 3)


def test_a_text_is_not_an_expression() -> None:
    with pytest.raises(TypeError, match="not an expression"):
        A + "b"  # type: ignore[operator]


def test_a_derivative_is_by_a_plain_quantity() -> None:
    with pytest.raises(TypeError, match="plain"):
        derivative(A, derivative(A, B))


def test_leaves_are_in_reading_order() -> None:
    branches = either((A, [relation(B, ">", 0)]), (1, [relation(B, "≤", 0)]))
    assert list(leaves(branches)) == [A, B, Number(0), Number(1), B, Number(0)]


X = symbol("x", 800.0)
Y = symbol("y", -800.0)
TINY = symbol("t", 1e-20)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (function("ln", 1 + function("exp", X)), 800.0),
        (function("ln", 1 + function("exp", Y)), math.exp(-800)),
        (function("ln", 1 + function("exp", symbol("z", -40.0))), 4.248354255291589e-18),
        (function("ln", function("exp", X) + function("exp", X)), 800 + math.log(2)),
        (function("exp", X) / (function("exp", X) + function("exp", Y)), 1.0),
        (function("exp", TINY) - 1, 1e-20),
        (1 - function("exp", -TINY), 1e-20),
        (function("ln", function("cosh", X)), 800 - math.log(2)),
        (function("ln", function("cosh", symbol("z", 1e-9))), 5e-19),
        (symbol("y", 0.0) * function("ln", symbol("p", 0.0)), 0.0),
        (function("exp", X), math.inf),
        (1 / symbol("n", 0.0), math.inf),
        (function("min", 1, 1 / symbol("n", 0.0)), 1.0),
        (function("floor", symbol("z", 2.9)), 2.0),
        (function("sign", symbol("z", -2.9)), -1.0),
    ],
)
def test_limits(expression: Expression, value: float) -> None:
    assert evaluate(expression) == pytest.approx(value, rel=1e-12)


def test_values_may_be_arrays() -> None:
    z = symbol("z", np.array([-1.0, 0.0, 2.0]))  # type: ignore[arg-type]
    rectified = either((z, [relation(z, ">", 0)]), (0, [relation(z, "≤", 0)]))
    softplus = function("ln", 1 + function("exp", z))
    assert np.array_equal(evaluate(rectified), [0, 0, 2])
    assert np.allclose(evaluate(softplus), np.log1p(np.exp([-1.0, 0.0, 2.0])), rtol=1e-14)


def test_the_result_may_be_that_of_the_training() -> None:
    formula = define(symbol("c"), A + B)
    assert formula.value == 5.0
    assert formula.with_value(4.9999998).value == 4.9999998


def test_the_strongest_terms_keep_their_order() -> None:
    values = [0.1, -3.0, 0.2, 2.0]
    total = strongest(values, lambda index: given("x", values[index], index + 1), 2)
    first, second, rest = leaves(total)
    assert [first.value, second.value, rest.value] == [-3.0, 2.0, pytest.approx(0.3)]
    assert isinstance(rest, Rest)
    assert strongest([], lambda _: A) == Number(0)
    assert isinstance(strongest(values, lambda _: A, 0), Rest)
