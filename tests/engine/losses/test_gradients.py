"""The gradient of every loss on every compatible output, against central differences."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.arrays import Floats, Targets
from engine.losses.base import Loss
from engine.specs import LossName, LossSpec, OutputActivation
from tests.engine.examples import Matrix, draw
from tests.engine.loss_examples import (
    PAIR_NAMES,
    PAIRS,
    distance_to_kink,
    make_loss,
    suitable_targets,
    units_for,
)

STEP = 1e-6
# A change of a logit by STEP changes an output by less than this, as logits are at most 4.
KINK = 1e-4
NEED_MULTIPLE_OUTPUTS = {"cross_entropy", "hinge", "gaussian"}


def numeric_gradient(
    loss: Loss, logits: Matrix, targets: Targets, weights: Floats | None
) -> Matrix:
    gradient = np.empty_like(logits)
    for position in np.ndindex(logits.shape):
        shifted = logits.copy()
        shifted[position] = logits[position] + STEP
        above = loss.forward(shifted, targets, weights)
        shifted[position] = logits[position] - STEP
        gradient[position] = (above - loss.forward(shifted, targets, weights)) / (2 * STEP)
    return gradient


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
@settings(max_examples=15, deadline=None)
@given(rows=st.integers(1, 6), units=st.integers(2, 5), seed=st.integers(0, 1000))
def test_gradient_matches_the_difference_quotient(
    spec: LossSpec, output: OutputActivation, weighted: bool, rows: int, units: int, seed: int
) -> None:
    units = units_for(spec, units)
    loss, logits = make_loss(spec, output, units), np.clip(draw(rows, units, seed=seed), -4, 4)
    targets = suitable_targets(spec, rows, units, seed + 1)
    weights = np.random.default_rng(seed).random(rows) * 2 if weighted else None
    loss.forward(logits, targets, weights)
    assume(distance_to_kink(spec, loss.outputs, targets) > KINK)
    expected = numeric_gradient(loss, logits, targets, weights)
    loss.forward(logits, targets, weights)
    np.testing.assert_allclose(loss.backward(), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("spec", "output"),
    [pair for pair in PAIRS if pair[1] != "softmax" and pair[0].type not in NEED_MULTIPLE_OUTPUTS],
    ids=lambda value: value if isinstance(value, str) else value.type,
)
def test_gradient_of_a_single_output_matches_the_difference_quotient(
    spec: LossSpec, output: OutputActivation
) -> None:
    loss, logits, targets = make_loss(spec, output, 1), draw(5, 1), suitable_targets(spec, 5, 1, 3)
    loss.forward(logits, targets)
    assert distance_to_kink(spec, loss.outputs, targets) > KINK
    expected = numeric_gradient(loss, logits, targets, None)
    loss.forward(logits, targets)
    np.testing.assert_allclose(loss.backward(), expected, rtol=1e-5, atol=1e-8)


def test_every_loss_and_output_is_checked() -> None:
    assert {spec.type for spec, _ in PAIRS} == set(get_args(LossName))
    assert {output for _, output in PAIRS} == set(get_args(OutputActivation))
