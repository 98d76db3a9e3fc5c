"""Formulas of updates give the numbers of the engine's optimizers, clipping and penalties."""

from itertools import product

import numpy as np
import pytest

from engine.explain.explanation.slots import slot_factors
from engine.explain.formulas import Formula, to_speech
from engine.explain.formulas.optimizers import lbfgs_update, optimizer_update
from engine.explain.formulas.optimizers.update import Stepwise
from engine.explain.formulas.optimizers.weight_step import WeightStep
from engine.explain.formulas.training.gradient_clipping import clipped_gradient, gradient_norm
from engine.explain.formulas.training.max_norm import max_norm, weight_norm
from engine.explain.formulas.training.penalties import objective_gradient, penalty
from engine.network import build_network
from engine.optimizers.base import Optimizer
from engine.optimizers.build import build_optimizer
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    ClipByNorm,
    ClipByValue,
    DenseSpec,
    Lion,
    Nadam,
    ResolvedNetwork,
    ResolvedOutput,
    Rmsprop,
    Sgd,
)
from engine.training.gradient_clipping import build_clip
from engine.training.regularization import Penalties
from tests.engine.explain.formulas.checks import check_renderings, check_value

OPTIMIZERS: list[Stepwise] = [
    Sgd(),
    Sgd(momentum=0.9),
    Sgd(momentum=0.8, nesterov=True),
    Adagrad(),
    Adadelta(),
    Rmsprop(),
    Rmsprop(momentum=0.5, rho=0.95),
    Adam(),
    Adam(beta1=0.0),
    Adamw(weight_decay=0.05),
    Amsgrad(beta2=0.9),
    Nadam(),
    Lion(),
    Lion(weight_decay=0.1),
]
CLIPS = [None, ClipByValue(limit=0.4), ClipByNorm(limit=0.5), ClipByNorm(limit=1e6)]
PENALTIES = [(0.0, 0.0), (0.03, 0.0), (0.0, 0.02), (0.03, 0.02)]


def _state(optimizer: Optimizer, spec: Stepwise, index: int) -> dict[str, float]:
    """Return the state of one weight by the textbook's symbols."""
    factors = slot_factors(spec)
    return {
        factors[name][0]: float(slot[index] * factors[name][1])
        for name, slot in optimizer.slots.items()
    }


def _value_of(formulas: tuple[Formula, ...], words: str) -> float:
    (found,) = (formula.value for formula in formulas if formula.left.words == words)
    return found


@pytest.mark.parametrize("spec", OPTIMIZERS, ids=repr)
def test_every_optimizer_clip_and_penalty(spec: Stepwise) -> None:
    """Two steps of training: penalties, clipping, update; the third is compared in full."""
    for clip_spec, (l1, l2) in product(CLIPS, PENALTIES):
        random = np.random.default_rng(11)
        weights, gradients = random.normal(size=5), np.zeros(5)
        optimizer = build_optimizer(spec, weights, gradients, lambda: 0.0)
        clip = build_clip(clip_spec)
        for t in (1, 2, 3):
            loss_gradients, before = random.normal(0, 0.5, 5), weights.copy()
            gradients[:] = loss_gradients + l1 * np.sign(weights) + 2 * l2 * weights
            objective = gradients.copy()
            clip(gradients)
            states = [_state(optimizer, spec, index) for index in range(2)]
            optimizer.update(spec.learning_rate, t)
            norm = gradient_norm(objective.tolist())
            check_value(norm, float(np.linalg.norm(objective)))
            for index in range(2 if t == 3 else 0):
                of_weight = before[index].item()
                of_objective = objective_gradient(loss_gradients[index], of_weight, l1, l2)
                check_value(of_objective, objective[index], scale=1)
                if clip_spec is not None:
                    clipped = clipped_gradient(clip_spec, of_objective.value, norm.value)
                    check_value(clipped, gradients[index], scale=1)
                step = WeightStep(
                    of_weight, gradients[index].item(), states[index], spec.learning_rate, t
                )
                _compare(optimizer_update(spec, step), optimizer, spec, index, weights[index])


def _compare(
    formulas: tuple[Formula, ...],
    optimizer: Optimizer,
    spec: Stepwise,
    index: int,
    weight: float,
) -> None:
    for formula in formulas:
        check_value(formula, formula.value)
    assert _value_of(formulas, "new w") == pytest.approx(weight, rel=1e-12)
    for symbol, value in _state(optimizer, spec, index).items():
        words = f"new {symbol.replace('_', ' ')}"
        assert _value_of(formulas, words) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("spec", OPTIMIZERS, ids=repr)
def test_renderings_of_updates(spec: Stepwise) -> None:
    weights = np.ones(1)
    state = _state(build_optimizer(spec, weights, np.ones(1), lambda: 0.0), spec, 0)
    state = {name: 0.01 * (index + 1) for index, name in enumerate(state)}
    for formula in optimizer_update(spec, WeightStep(0.25, -0.4, state, 0.001, 3)):
        check_renderings(formula)


def test_adam_reads_as_in_textbooks() -> None:
    mean, *_, new = optimizer_update(Adam(), WeightStep(0.6, -0.5, {"m": 0.1, "v": 0.2}, 0.01, 2))
    assert to_speech(mean) == (
        "new m equals beta 1 times m plus the quantity 1 minus beta 1, end quantity times g, "
        "equals 0.9 times 0.1 plus the quantity 1 minus 0.9, end quantity times negative 0.5, "
        "equals 0.0400"
    )
    assert to_speech(new).startswith(
        "new w equals w minus the learning rate times m hat over the quantity the square root of "
        "v hat plus epsilon, end quantity, equals 0.6 minus 0.01 times"
    )


def test_lbfgs() -> None:
    formula = lbfgs_update(0.3, 0.5, -0.2)
    check_value(formula, 0.2)
    check_renderings(formula)


@pytest.mark.parametrize("clip", CLIPS[1:3])
def test_renderings_of_clipping(clip: ClipByValue | ClipByNorm) -> None:
    for gradient in (-0.9, 0.1):
        check_renderings(clipped_gradient(clip, gradient, 0.9))


def test_clipping_by_norm_needs_the_norm() -> None:
    with pytest.raises(ValueError, match="norm"):
        clipped_gradient(ClipByNorm(limit=1.0), 0.5)


def test_no_gradient_is_not_clipped() -> None:
    check_value(clipped_gradient(ClipByNorm(limit=1.0), 0.0, 0.0), 0.0)


@pytest.mark.parametrize(("l1", "l2"), PENALTIES[1:])
def test_penalty_and_max_norm(l1: float, l2: float) -> None:
    layers = (DenseSpec(units=3, l1=l1, l2=l2, max_norm=0.8),)
    output = ResolvedOutput(activation="linear", units=1)
    network = build_network(ResolvedNetwork(layers=layers, output=output), 20, np.dtype(np.float64))
    network.parameters[:] = np.random.default_rng(4).normal(0, 0.25, network.parameters.size)
    weight = network.named_parameters()["layers.0.weight"]
    penalties, before = Penalties(network), weight.copy()
    formula = penalty(before.reshape(-1).tolist(), l1, l2)
    check_value(formula, penalties.value())
    check_renderings(formula)
    check_renderings(objective_gradient(-0.2, 0.3, l1, l2))
    penalties.apply_max_norm()
    assert not np.array_equal(weight, before)
    for unit in range(3):
        norm = weight_norm(before[:, unit].tolist())
        check_value(norm, float(np.linalg.norm(before[:, unit])))
        limited = max_norm(before[0, unit].item(), norm.value, 0.8)
        check_value(limited, weight[0, unit])
    check_renderings(norm)
    check_renderings(limited)


def test_without_penalties_the_objective_is_the_loss() -> None:
    formula = objective_gradient(-0.25, 0.5, 0.0, 0.0)
    assert to_speech(formula) == (
        "g equals the derivative of the loss with respect to w, equals minus 0.25"
    )
