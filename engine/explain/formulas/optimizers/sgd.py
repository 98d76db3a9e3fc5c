"""Formulas of gradient descent: plain, with momentum and with Nesterov momentum."""

from engine.explain.formulas.expression import Symbol
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.optimizers.weight_step import WeightStep
from engine.explain.formulas.symbols import given
from engine.specs import Sgd


def sgd_update(spec: Sgd, step: WeightStep) -> tuple[Formula, ...]:
    """w′ = w − η g; with momentum, v′ = μ v + g and w′ = w − η v′ or w − η (g + μ v′)."""
    if not spec.momentum:
        return (step.new_weight(step.w - step.rate * step.g),)
    factor = momentum_symbol(spec.momentum)
    velocity = step.new_slot("v", factor * step.slot("v") + step.g)
    if spec.nesterov:
        change = step.rate * (step.g + factor * velocity.left)
    else:
        change = step.rate * velocity.left
    return velocity, step.new_weight(step.w - change)


def momentum_symbol(momentum: float) -> Symbol:
    """Return the momentum μ."""
    return given("μ", momentum, words="the momentum")
