"""A step beside the same step with something changed."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from engine.data.split_arrays import Batch
from engine.errors import SpecError
from engine.explain.counterfactual.compare_steps import compare_steps
from engine.explain.trace_step import trace_step
from engine.preparation.prepare import prepare
from engine.specs.step_change import StepChange
from engine.training.step_inputs import StepInputs
from engine.training.training import Training
from tests.engine.explain.steps import step_of, textbook
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

TANH: dict[str, Any] = {"type": "dense", "units": 6, "activation": "tanh"}
ADAM = {"type": "adam", "learning_rate": 0.01}


def changed(**fields: Any) -> StepChange:
    return StepChange.model_validate(fields)


def sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


def later_step(name: str = "optimizer-adam", step: int = 5) -> tuple[Training, StepInputs]:
    """Return a training before a step, and the step."""
    spec = read_specs()[name]
    training = Training(spec, prepare(spec, make_table()))
    while training.steps_done < step:
        training.run_epoch(lambda: training.steps_done >= step)
    return training, training.next_step()


def test_the_textbook_step_with_ten_times_the_rate() -> None:
    found = compare_steps(textbook(), changed(learning_rate=5.0))
    w1, w2 = 0.4 + 5 * 0.007557072557793297, 0.6 + 5 * 0.055957672744995204
    prediction = sigmoid(w2 * sigmoid(0.5 * w1))
    (row,) = found.batch.outputs
    assert row.before == pytest.approx((0.581735,), abs=1e-6)
    assert row.actual == pytest.approx((0.585545,), abs=1e-6)
    assert row.changed == pytest.approx((prediction,), rel=1e-12)
    losses = found.batch.losses
    assert losses.before == pytest.approx(0.087473, abs=1e-6)
    assert losses.changed == pytest.approx((1 - prediction) ** 2 / 2, rel=1e-12)
    assert (found.changed_fields, found.optimizer_state) == (("learning_rate",), "kept")
    assert found.cosine == pytest.approx(1)
    norms = found.actual.update_norm, found.changed.update_norm
    assert norms == pytest.approx((0.5 * 0.0564657, 5 * 0.0564657), rel=1e-5)


@pytest.mark.parametrize("name", ["optimizer-adam", "layer-dropout", "optimizer-lbfgs"])
def test_the_actual_step_is_that_of_the_training(name: str) -> None:
    _, inputs = later_step(name)
    found, trace = compare_steps(inputs, changed(learning_rate=1e-6)), trace_step(inputs)
    assert found.actual.loss == found.batch.losses.before == trace.loss
    assert found.actual.gradient_norm == trace.gradient_norm
    before, after = inputs.arrays["parameters"], trace.after["parameters"]
    change = np.linalg.norm(after.astype(np.float64) - before)
    assert found.actual.update_norm == pytest.approx(change, rel=1e-12)
    for row in found.batch.outputs:
        np.testing.assert_array_equal(row.before, trace.outputs.rows[row.index])
    training, _ = later_step(name, 6)
    np.testing.assert_array_equal(training.next_step().arrays["parameters"], after)


def test_the_update_of_adam_is_proportional_to_its_rate() -> None:
    _, inputs = later_step()
    found = compare_steps(inputs, changed(learning_rate=0.004))
    assert found.actual.update_norm is not None
    assert found.changed.update_norm == pytest.approx(4 * found.actual.update_norm, rel=1e-4)
    assert found.cosine == pytest.approx(1, abs=1e-6)


def test_another_optimizer_begins_with_a_new_state() -> None:
    _, inputs = later_step()
    found = compare_steps(inputs, changed(optimizer={"type": "sgd", "learning_rate": 0.3}))
    assert (found.optimizer_state, found.changed.learning_rate) == ("new", 0.3)
    assert found.changed.gradient_norm == found.actual.gradient_norm
    assert found.changed.gradient_norm is not None
    assert found.changed.update_norm == pytest.approx(0.3 * found.changed.gradient_norm, rel=1e-5)


def test_a_new_adam_counts_its_steps_from_one() -> None:
    inputs = step_of([TANH], step=1000)
    found = compare_steps(inputs, changed(optimizer=ADAM))
    # The first step of Adam moves every parameter by its rate.
    assert found.changed.update_norm == pytest.approx(0.01 * np.sqrt(38), rel=1e-4)


def test_states_that_both_have_are_kept() -> None:
    _, inputs = later_step("optimizer-sgd")
    slots = {"type": "sgd", "learning_rate": 0.01, "momentum": 0.0}
    assert compare_steps(inputs, changed(optimizer=slots)).optimizer_state == "kept"
    _, inputs = later_step("optimizer-adam")
    rmsprop = step_of([TANH], optimizer="rmsprop", step=3)
    more = {"type": "rmsprop", "momentum": 0.5}
    assert compare_steps(rmsprop, changed(optimizer=more)).optimizer_state == "partly_kept"


def test_a_kept_state_keeps_its_value_under_other_options() -> None:
    _, inputs = later_step()
    beta1, before = 0.5, inputs.spec.optimizer
    assert before.type == "adam"
    optimizer = before.model_copy(update={"beta1": beta1})
    found = compare_steps(inputs, StepChange(optimizer=optimizer))
    g = trace_gradient(inputs)
    m = 0.1 * inputs.arrays["optimizer.mean"].astype(np.float64)
    v = 0.001 * inputs.arrays["optimizer.square"].astype(np.float64)
    t = inputs.step + 1
    m_hat = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v_hat = (0.999 * v + 0.001 * g**2) / (1 - 0.999**t)
    update = before.learning_rate * m_hat / (np.sqrt(v_hat) + before.epsilon)
    assert found.optimizer_state == "kept"
    assert found.changed.update_norm == pytest.approx(np.linalg.norm(update), rel=1e-4)


def trace_gradient(inputs: StepInputs) -> Any:
    gradients = [one.gradient for one in trace_step(inputs).parameters if one.gradient is not None]
    return np.concatenate([one.reshape(-1) for one in gradients]).astype(np.float64)


@pytest.mark.parametrize(
    ("clip", "clipped"),
    [({"type": "norm", "limit": 0.01}, 0.01), ({"type": "value", "limit": 1e-3}, None)],
)
def test_clipping_shortens_the_update(clip: dict[str, Any], clipped: float | None) -> None:
    inputs = step_of([TANH])
    found = compare_steps(inputs, changed(gradient_clip=clip))
    limited = np.clip(trace_gradient(inputs), -1e-3, 1e-3)
    expected = clipped or float(np.linalg.norm(limited))
    assert found.changed.clipped_norm == pytest.approx(expected)
    assert found.changed.update_norm == pytest.approx(0.01 * expected)
    assert found.changed.gradient_norm == found.actual.clipped_norm


def test_clipping_can_be_removed() -> None:
    inputs = step_of([TANH], gradient_clip={"type": "norm", "limit": 0.01})
    found = compare_steps(inputs, changed(gradient_clip="none"))
    assert found.actual.clipped_norm == pytest.approx(0.01)
    assert found.changed.clipped_norm == found.changed.gradient_norm


def test_another_loss_is_measured_beside_that_of_the_training() -> None:
    inputs = step_of([TANH])
    found = compare_steps(inputs, changed(loss="mean_absolute_error"))
    outputs = np.array([row.before for row in found.batch.outputs])
    errors = np.abs(outputs - inputs.batch.y)
    assert found.batch.changed_losses is not None
    assert found.batch.changed_losses.before == pytest.approx(errors.mean())
    assert found.batch.losses.before == pytest.approx((errors**2).mean())
    assert found.changed.loss == found.batch.changed_losses.before


def test_classes_become_numbers_and_numbers_classes() -> None:
    targets = [0, 1, 2, 1, 0]
    inputs = step_of([TANH], loss="cross_entropy", units=3, targets=targets)
    found = compare_steps(inputs, changed(loss="mean_squared_error"))
    outputs = np.array([row.before for row in found.batch.outputs])
    expected = ((outputs - np.eye(3)[targets]) ** 2).mean()
    assert found.changed.loss == pytest.approx(expected)
    one_hot = step_of([TANH], units=3, targets=np.eye(3)[targets].tolist())
    margins = compare_steps(one_hot, changed(loss="hinge"))
    assert margins.changed.loss is not None


NUMBERS: dict[str, Any] = {"targets": [[1, 2], [0, 1], [2, 2], [0, 0], [3, -1]]}
LBFGS = {"optimizer": "lbfgs"}


@pytest.mark.parametrize(
    ("step", "change", "pointer", "detail"),
    [
        ({}, {}, "", "change at least one of learning_rate, optimizer"),
        ({}, {"loss": "cross_entropy"}, "/loss", "needs a softmax or sigmoid output, not linear"),
        ({}, {"loss": "poisson"}, "/loss", "exponential or softplus"),
        ({}, {"loss": "hinge"}, "/loss", "one class per row"),
        ({}, {"loss": "gaussian"}, "/loss", "needs 1 targets per row, not 2"),
        (
            {"output": {"activation": "softplus"}, **NUMBERS},
            {"loss": "poisson"},
            "/loss",
            "targets that are not negative",
        ),
        (
            {"output": {"activation": "sigmoid"}, **NUMBERS},
            {"loss": "binary_cross_entropy"},
            "/loss",
            "between 0 and 1",
        ),
        ({"gradient_clip": {"type": "norm"}}, LBFGS, "/gradient_clip", "lbfgs needs"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(
    step: dict[str, Any], change: dict[str, Any], pointer: str, detail: str
) -> None:
    with pytest.raises(SpecError, match=detail) as caught:
        compare_steps(step_of([TANH], **step), changed(**change))
    assert caught.value.problems[0].pointer == pointer


def test_other_rows_are_compared_too() -> None:
    inputs = step_of([TANH])
    other = step_of([TANH], rows=3, targets=[[0, 0]] * 3)
    found = compare_steps(inputs, StepChange(), other.batch)
    assert found.changed_fields == ("rows",)
    assert (found.actual.rows, found.changed.rows) == (5, 3)
    assert found.other_batch is not None
    assert found.other_batch.rows == 3
    assert found.other_batch.losses.before == found.changed.loss
    assert found.batch.losses.before == found.actual.loss
    losses = found.other_batch.losses
    assert losses.before is not None
    assert losses.changed is not None
    assert losses.changed < losses.before


def test_batch_normalization_needs_two_rows() -> None:
    inputs = step_of([TANH, {"type": "batch_normalization"}])
    batch = Batch(inputs.batch.x[:1], inputs.batch.y[:1])
    with pytest.raises(SpecError, match="at least two rows") as caught:
        compare_steps(inputs, StepChange(), batch)
    assert caught.value.problems[0].pointer == "/rows"


@pytest.mark.parametrize("count", [1, 32, 50, 1000])
def test_another_batch_size_takes_the_rows_of_the_epoch(count: int) -> None:
    training, inputs = later_step()
    batch, positions = training.next_rows(count)
    assert len(positions) == len(batch.x) == min(count, training.rows)
    assert len(set(positions.tolist())) == len(positions)
    assert inputs.positions is not None
    shared = min(count, len(inputs.positions))
    np.testing.assert_array_equal(positions[:shared], inputs.positions[:shared])
    np.testing.assert_array_equal(batch.x[:shared], inputs.batch.x[:shared])
    found = compare_steps(inputs, StepChange(batch_size=count), batch)
    assert found.changed_fields == ("batch_size",)
    assert found.changed.rows == len(positions)


def test_rows_follow_the_end_of_the_epoch_with_its_beginning() -> None:
    training, inputs = later_step(step=2)
    assert inputs.positions is not None
    first, _ = training.next_rows(training.rows)
    _, positions = training.next_rows(training.rows)
    assert sorted(positions) == list(range(training.rows))
    start, _ = later_step(step=0)
    order = start.next_rows(start.rows)[1]
    np.testing.assert_array_equal(np.roll(order, -2 * 32), positions)
    assert len(first.x) == training.rows


def test_a_divergence_is_reported() -> None:
    inputs = step_of([], loss="poisson", targets=[[1, 2]] * 5, dtype="float32")
    found = compare_steps(inputs, changed(optimizer={"type": "sgd", "learning_rate": 1000.0}))
    assert found.changed.diverged_in is None
    assert found.batch.losses.changed is None or found.batch.losses.changed > 1e6
    inputs.batch.x[0, 0] = 1e30
    found = compare_steps(inputs, changed(learning_rate=0.1))
    assert found.actual.diverged_in == "output"
    assert (found.actual.update_norm, found.actual.loss, found.cosine) == (None, None, None)
    json.dumps(asdict(found), allow_nan=False)


def test_the_step_stays_as_it_is() -> None:
    _, inputs = later_step("layer-batch_normalization")
    before = {name: array.copy() for name, array in inputs.arrays.items()}
    x = inputs.batch.x.copy()
    change = changed(optimizer="sgd", learning_rate=0.5)
    first = compare_steps(inputs, change)
    for name, array in inputs.arrays.items():
        np.testing.assert_array_equal(array, before[name])
    np.testing.assert_array_equal(inputs.batch.x, x)
    assert compare_steps(inputs, change) == first
    assert first.changed.learning_rate == 0.5


def test_rows_beyond_the_limit_are_left_out() -> None:
    found = compare_steps(step_of([TANH]), changed(learning_rate=1.0), most_rows=2)
    assert [row.index for row in found.batch.outputs] == [0, 1]
    assert (found.batch.rows, found.batch.left_out) == (5, 3)


def test_a_frozen_network_has_no_update() -> None:
    inputs = step_of([], output={"frozen": True})
    found = compare_steps(inputs, changed(learning_rate=1.0))
    assert (found.actual.update_norm, found.cosine) == (0, None)
    assert found.batch.losses.before == found.batch.losses.changed
