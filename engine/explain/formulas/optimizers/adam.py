"""Formulas of Adam, AdamW, AMSGrad and NAdam."""

import numpy as np

from engine.explain.formulas.expression import Expression, Number, Root, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.optimizers.weight_step import WeightStep, average
from engine.explain.formulas.symbols import HALF, UNKNOWN, function, given, symbol
from engine.specs import Adam, Adamw, Amsgrad, Nadam

# Factors multiplied at a time, to bound the memory.
_BLOCK = 65_536


def adam_update(spec: Adam | Adamw | Amsgrad, step: WeightStep) -> tuple[Formula, ...]:
    """m′ = β₁ m + (1 − β₁) g; v′ = β₂ v + (1 − β₂) g²; w′ = w − η m̂ / (√v̂ + ε).

    With m̂ = m′ / (1 − β₁ᵗ) and v̂ = v′ / (1 − β₂ᵗ); AMSGrad has the largest v′ so far in v̂.
    """
    mean, *squares = _moments(spec, step)
    beta1 = given("β", spec.beta1, 1)
    corrected = define(symbol("m", mark="hat"), mean.left / (1 - beta1**step.count))
    corrected_square = _corrected_square(spec, step, squares[-1].left)
    scaled = corrected.left / (Root(corrected_square.left) + given("ε", spec.epsilon))
    kept: Expression = step.w
    if isinstance(spec, Adamw):
        kept = step.w - step.rate * given("λ", spec.weight_decay, words="the weight decay") * step.w
    new_weight = step.new_weight(kept - step.rate * scaled)
    return mean, *squares, corrected, corrected_square, new_weight


def nadam_update(spec: Nadam, step: WeightStep) -> tuple[Formula, ...]:
    """Adam with m̂ = μₜ₊₁ m′ / (1 − Pₜ₊₁) + (1 − μₜ) g / (1 − Pₜ).

    With μₜ = β₁ (1 − ½ · 0.96^(t ψ)) and Pₜ = μ₁ · … · μₜ.
    """
    mean, square = _moments(spec, step)
    momentum, following = _momentum(spec, step.t), _momentum(spec, step.t + 1)
    before = symbol("P", _momentum_product(spec, step.t - 1), step.t - 1)
    product = define(symbol("P", UNKNOWN, step.t), before * momentum.left)
    next_product = define(symbol("P", UNKNOWN, step.t + 1), product.left * following.left)
    corrected = define(
        symbol("m", mark="hat"),
        following.left * mean.left / (1 - next_product.left)
        + (1 - momentum.left) * step.g / (1 - product.left),
    )
    corrected_square = _corrected_square(spec, step, square.left)
    scaled = corrected.left / (Root(corrected_square.left) + given("ε", spec.epsilon))
    new_weight = step.new_weight(step.w - step.rate * scaled)
    momenta = (momentum, following, product, next_product)
    return mean, square, *momenta, corrected, corrected_square, new_weight


def _moments(spec: Adam | Adamw | Amsgrad | Nadam, step: WeightStep) -> tuple[Formula, ...]:
    """Return the formulas of m′, of v′ and, for AMSGrad, of the largest v′."""
    beta1, beta2 = given("β", spec.beta1, 1), given("β", spec.beta2, 2)
    mean = step.new_slot("m", average(beta1, step.slot("m"), step.g))
    square = step.new_slot("v", average(beta2, step.slot("v"), step.g**2))
    if not isinstance(spec, Amsgrad):
        return mean, square
    largest = step.new_slot("v_max", function("max", step.slot("v_max"), square.left))
    return mean, square, largest


def _corrected_square(
    spec: Adam | Adamw | Amsgrad | Nadam, step: WeightStep, square: Symbol
) -> Formula:
    beta2 = given("β", spec.beta2, 2)
    return define(symbol("v", mark="hat"), square / (1 - beta2**step.count))


def _momentum(spec: Nadam, t: int) -> Formula:
    decay = given("ψ", spec.momentum_decay, words="the momentum decay")
    fading = HALF * Number(0.96) ** (given("t", t) * decay)
    return define(symbol("μ", UNKNOWN, t), given("β", spec.beta1, 1) * (1 - fading))


def _momentum_product(spec: Nadam, t: int) -> float:
    """μ₁ · … · μₜ."""
    product = 1.0
    for start in range(1, t + 1, _BLOCK):
        steps = np.arange(start, min(start + _BLOCK, t + 1))
        momenta = spec.beta1 * (1 - 0.5 * 0.96 ** (steps * spec.momentum_decay))
        product *= float(np.prod(momenta))
        if product == 0:
            break
    return product
