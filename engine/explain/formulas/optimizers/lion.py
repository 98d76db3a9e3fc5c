"""Formulas of Lion."""

from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.optimizers.weight_step import WeightStep, average
from engine.explain.formulas.symbols import function, given, symbol
from engine.specs import Lion


def lion_update(spec: Lion, step: WeightStep) -> tuple[Formula, ...]:
    """C = β₁ m + (1 − β₁) g; w′ = w − η (sign(c) + λ w); m′ = β₂ m + (1 − β₂) g."""
    beta1, beta2 = given("β", spec.beta1, 1), given("β", spec.beta2, 2)
    direction = define(symbol("c"), average(beta1, step.slot("m"), step.g))
    sign = function("sign", direction.left)
    if spec.weight_decay:
        decay = given("λ", spec.weight_decay, words="the weight decay")
        change = step.rate * (sign + decay * step.w)
    else:
        change = step.rate * sign
    mean = step.new_slot("m", average(beta2, step.slot("m"), step.g))
    return direction, step.new_weight(step.w - change), mean
