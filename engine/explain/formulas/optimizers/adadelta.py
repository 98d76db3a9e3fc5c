"""Formulas of Adadelta."""

from engine.explain.formulas.expression import Root
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.optimizers.weight_step import WeightStep, average
from engine.explain.formulas.symbols import given, symbol
from engine.specs import Adadelta


def adadelta_update(spec: Adadelta, step: WeightStep) -> tuple[Formula, ...]:
    """s′ = ρ s + (1 − ρ) g²; d = √(u + ε) / √(s′ + ε) · g; u′ = ρ u + (1 − ρ) d²; w′ = w − η d."""
    rho, epsilon, u = given("ρ", spec.rho), given("ε", spec.epsilon), step.slot("u")
    square = step.new_slot("s", average(rho, step.slot("s"), step.g**2))
    ratio = Root(u + epsilon) / Root(square.left + epsilon)
    change = define(symbol("d", words="the change"), ratio * step.g)
    change_square = step.new_slot("u", average(rho, u, change.left**2))
    return square, change, change_square, step.new_weight(step.w - step.rate * change.left)
