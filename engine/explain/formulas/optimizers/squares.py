"""Formulas of Adagrad and RMSprop, which divide by the root of past squares."""

from engine.explain.formulas.expression import Root
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.optimizers.sgd import momentum_symbol
from engine.explain.formulas.optimizers.weight_step import WeightStep, average
from engine.explain.formulas.symbols import given
from engine.specs import Adagrad, Rmsprop


def adagrad_update(spec: Adagrad, step: WeightStep) -> tuple[Formula, ...]:
    """s′ = s + g²; w′ = w − η g / (√s′ + ε)."""
    square = step.new_slot("s", step.slot("s") + step.g**2)
    scaled = step.g / (Root(square.left) + given("ε", spec.epsilon))
    return square, step.new_weight(step.w - step.rate * scaled)


def rmsprop_update(spec: Rmsprop, step: WeightStep) -> tuple[Formula, ...]:
    """s′ = ρ s + (1 − ρ) g²; v′ = μ v + g / (√s′ + ε); w′ = w − η v′."""
    square = step.new_slot("s", average(given("ρ", spec.rho), step.slot("s"), step.g**2))
    scaled = step.g / (Root(square.left) + given("ε", spec.epsilon))
    if not spec.momentum:
        return square, step.new_weight(step.w - step.rate * scaled)
    velocity = step.new_slot("v", momentum_symbol(spec.momentum) * step.slot("v") + scaled)
    return square, velocity, step.new_weight(step.w - step.rate * velocity.left)
