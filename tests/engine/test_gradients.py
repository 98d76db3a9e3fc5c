"""Every gradient against central differences: everything differentiable, in float64."""

from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.arrays import Targets
from engine.build import build_loss
from engine.losses.base import Loss
from engine.network import Network
from engine.specs import (
    Activation,
    BinaryCrossEntropy,
    CrossEntropy,
    GlorotNormal,
    GlorotUniform,
    HalfSquaredError,
    HeNormal,
    HeUniform,
    LossSpec,
    MeanSquaredError,
    Normal,
    OutputActivation,
)
from tests.engine.examples import (
    FLOAT64,
    Matrix,
    draw,
    network_spec,
    random_network,
    random_targets,
)

STEP = 1e-6
# relu has no derivative at 0. A parameter moved by STEP moves what goes into a relu by less than
# this (inputs are at most 5); networks that come closer to the kink are not asked.
KINK = 1e-5

OUTPUT_LOSSES: list[tuple[OutputActivation, LossSpec]] = [
    ("softmax", CrossEntropy()),
    ("softmax", MeanSquaredError()),
    ("softmax", HalfSquaredError()),
    ("sigmoid", BinaryCrossEntropy()),
    ("sigmoid", MeanSquaredError()),
    ("sigmoid", HalfSquaredError()),
    ("linear", MeanSquaredError()),
    ("linear", HalfSquaredError()),
]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
INITIALIZERS = [HeNormal(), HeUniform(), GlorotNormal(), GlorotUniform(), Normal(std=0.5)]


def numeric_gradient(network: Network, loss: Loss, x: Matrix, targets: Targets) -> Matrix:
    gradient = np.empty(network.parameters.size)
    for index in range(len(gradient)):
        value = network.parameters[index]
        network.parameters[index] = value + STEP
        above = loss.forward(network.forward(x), targets)
        network.parameters[index] = value - STEP
        below = loss.forward(network.forward(x), targets)
        network.parameters[index] = value
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


def stays_off_kinks(network: Network, x: Matrix) -> bool:
    named = network.named_parameters()
    for index in range(len(named)):
        if f"layers.{index}.weight" not in named:
            break
        z = x @ named[f"layers.{index}.weight"] + named.get(f"layers.{index}.bias", 0)
        if np.abs(z).min() < KINK:
            return False
        x = np.maximum(z, 0)
    return True


def check(network: Network, loss: Loss, x: Matrix, targets: Targets) -> None:
    expected = numeric_gradient(network, loss, x, targets)
    loss.forward(network.forward(x), targets)
    network.backward(loss.backward())
    np.testing.assert_allclose(network.gradients, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("initializer", INITIALIZERS, ids=lambda i: i.type)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("output", "loss_spec"), OUTPUT_LOSSES, ids=[f"{o}-{s.type}" for o, s in OUTPUT_LOSSES]
)
def test_gradient_is_the_difference_quotient(
    output: OutputActivation,
    loss_spec: LossSpec,
    activation: Activation,
    initializer: HeNormal | HeUniform | GlorotNormal | GlorotUniform | Normal,
    use_bias: bool,
) -> None:
    spec = network_spec((4, 3), 2, activation, output, initializer=initializer, use_bias=use_bias)
    x = np.clip(draw(5, 3, seed=1), -5, 5)
    networks = (random_network(spec, 3, seed) for seed in range(100))
    network = next(n for n in networks if activation != "relu" or stays_off_kinks(n, x))
    check(network, build_loss(loss_spec, spec.output, FLOAT64), x, random_targets(loss_spec, 5, 2))


@settings(max_examples=60, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    in_features=st.integers(1, 4),
    units=st.integers(1, 4),
    rows=st.integers(1, 6),
    activation=st.sampled_from(ACTIVATIONS),
    output_loss=st.sampled_from(OUTPUT_LOSSES),
    seed=st.integers(0, 1000),
)
def test_gradient_holds_for_any_shape(
    hidden: tuple[int, ...],
    in_features: int,
    units: int,
    rows: int,
    activation: Activation,
    output_loss: tuple[OutputActivation, LossSpec],
    seed: int,
) -> None:
    output, loss_spec = output_loss
    spec = network_spec(hidden, units, activation, output)
    network = random_network(spec, in_features, seed)
    x = np.clip(draw(rows, in_features, seed=seed), -5, 5)
    assume(activation != "relu" or stays_off_kinks(network, x))
    loss = build_loss(loss_spec, spec.output, FLOAT64)
    check(network, loss, x, random_targets(loss_spec, rows, units, seed))


def test_every_loss_and_output_is_checked() -> None:
    outputs, losses = zip(*OUTPUT_LOSSES, strict=True)
    assert set(outputs) == set(get_args(OutputActivation))
    assert len({loss.type for loss in losses}) == len(get_args(get_args(LossSpec)[0]))
    possible = [
        (output, loss.type)
        for output, loss in product(set(outputs), {spec.type: spec for spec in losses}.values())
        if {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss.type, output)
        == output
    ]
    assert sorted(possible) == sorted((output, loss.type) for output, loss in OUTPUT_LOSSES)
