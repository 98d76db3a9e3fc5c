"""Formulas of losses give the numbers of the engine's losses."""

import numpy as np
import pytest

from engine.explain.formulas import evaluate
from engine.explain.formulas.expression import Symbol, leaves
from engine.explain.formulas.losses import (
    OutputRow,
    Share,
    batch_loss,
    logit_gradient,
    output_gradient,
    row_loss,
)
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    LogCosh,
    LossSpec,
    MeanAbsoluteError,
    MeanSquaredError,
    OutputActivation,
    Quantile,
)
from tests.engine.explain.formulas.checks import (
    check,
    check_constants,
    check_renderings,
    check_value,
)
from tests.engine.loss_examples import (
    PAIR_NAMES,
    PAIRS,
    make_loss,
    suitable_targets,
    units_for,
)

ERROR_LOSSES = (
    MeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    Huber,
    LogCosh,
    Quantile,
)


def _rows(
    spec: LossSpec, output: OutputActivation, units: int, spread: float, seed: int
) -> list[tuple[OutputRow, float, list[float]]]:
    """Return random rows, with loss and gradient of each as the engine computes them."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (3, units_for(spec, units)))
    targets = suitable_targets(spec, 3, logits.shape[1], seed)
    rows = []
    for index in range(3):
        loss = make_loss(spec, output, logits.shape[1])
        value = loss.forward(logits[index : index + 1], targets[index : index + 1])
        outputs = loss.outputs[0].tolist()
        target = targets[index]
        row = OutputRow(
            output,
            logits[index].tolist(),
            outputs,
            int(target) if np.ndim(target) == 0 else target.tolist(),
        )
        rows.append((row, value, loss.backward()[0].tolist()))
    return rows


@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
@pytest.mark.parametrize("spread", [1.0, 6.0])
def test_loss_and_gradient_of_a_row(
    spec: LossSpec, output: OutputActivation, spread: float
) -> None:
    for row, value, gradients in _rows(spec, output, 3, spread, seed=7)[:2]:
        *textbook, of_engine = row_loss(spec, row)
        scale = max(map(abs, row.logits)) + 1
        check_value(of_engine, value, scale=scale)
        for formula in textbook:
            # Its probabilities are rounded: near 1, their logarithm loses digits.
            assert evaluate(formula.expression) == pytest.approx(value, rel=1e-9, abs=1e-12)
            check_constants(formula)
        for index, gradient in enumerate(gradients):
            check_value(logit_gradient(spec, row, index), gradient, scale=scale)


@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
def test_renderings(spec: LossSpec, output: OutputActivation) -> None:
    row, _, gradients = _rows(spec, output, 2, 1.5, seed=3)[0]
    for formula in row_loss(spec, row):
        check_renderings(formula)
    for index in {0, len(gradients) - 1}:
        check_renderings(logit_gradient(spec, row, index, Share(4, 0.7)))


@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
def test_many_outputs_leave_terms_out(spec: LossSpec, output: OutputActivation) -> None:
    row, value, gradients = _rows(spec, output, 20, 1.0, seed=2)[0]
    row = OutputRow(row.activation, row.logits, row.outputs, row.target, top=4)
    formula = row_loss(spec, row)[-1]
    check_value(formula, value, scale=3)
    if output == "linear":
        check_renderings(formula)
    check_value(logit_gradient(spec, row, 19), gradients[19], scale=1)


@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_share_of_a_row_in_its_batch(
    spec: LossSpec, output: OutputActivation, is_weighted: bool
) -> None:
    random = np.random.default_rng(5)
    logits = random.normal(size=(2, units_for(spec, 3)))
    targets = suitable_targets(spec, 2, logits.shape[1], 5)
    weights = random.uniform(0.5, 2, 2) if is_weighted else None
    loss = make_loss(spec, output, logits.shape[1])
    value = loss.forward(logits, targets, weights)
    outputs = loss.outputs.tolist()
    gradients = loss.backward()
    rows = []
    for index in range(2):
        target = targets[index]
        numbers = int(target) if np.ndim(target) == 0 else target.tolist()
        row = OutputRow(output, logits[index].tolist(), outputs[index], numbers)
        rows.append(row_loss(spec, row)[-1].value)
        share = Share(2, None if weights is None else float(weights[index]))
        for unit in range(logits.shape[1]):
            formula = logit_gradient(spec, row, unit, share)
            check_value(formula, gradients[index, unit], scale=1)
            if isinstance(spec, ERROR_LOSSES) and output == "linear":
                # ŷ = z: the gradients at outputs and logits are the same.
                of_output = output_gradient(spec, row, unit, share)
                check_value(of_output, gradients[index, unit], scale=1)
                if index == unit == 0:
                    check_renderings(of_output)
    check(batch_loss(rows, None if weights is None else weights.tolist()), value, scale=1)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_certain_predictions_are_computed_from_logits(target: float) -> None:
    row = OutputRow("sigmoid", [40.0], [1.0], [target])
    *_, formula = row_loss(BinaryCrossEntropy(), row)
    check(formula, 0.0 if target else 40.0, scale=40)
    row = OutputRow("softmax", [900.0, 0.0], [1.0, 0.0], 0)
    *_, formula = row_loss(CrossEntropy(), row)
    check(formula, 0.0, scale=900)


def test_a_batch_of_one_row_has_its_loss() -> None:
    check(batch_loss([0.25]), 0.25)


def test_a_large_batch_shows_the_rows_of_largest_weight_and_loss() -> None:
    random = np.random.default_rng(6)
    losses, weights = random.random(30), random.uniform(0.1, 3, 30)
    formula = batch_loss(losses.tolist(), weights.tolist(), top=3)
    check(formula, float(np.mean(losses * weights)), scale=1)
    shown = [leaf.words for leaf in leaves(formula.expression) if isinstance(leaf, Symbol)]
    largest = sorted(np.argsort(-losses * weights)[:3].tolist())
    assert shown[1::2] == [f"w of row {row + 1} of the batch" for row in largest]
