"""A traced step is the step of training, bit for bit."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import trace_step
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol
from engine.training.step_inputs import state_arrays
from engine.training.training import Training
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

SPECS = read_specs()
PLAIN = [name for name, spec in SPECS.items() if "folds" not in repr(spec.validation)]


def stop_at(training: TrainingProtocol, step: int) -> Callable[[], bool]:
    return lambda: training.steps_done >= step


def advance(training: TrainingProtocol, step: int) -> None:
    while training.steps_done < step and training.reason is None:
        training.run_epoch(stop_at(training, step))


def open_plain(spec: ResolvedSpec) -> Training:
    return Training(spec, prepare(spec, make_table()))


def assert_equal_to_training(training: Training, trace: StepTrace) -> None:
    """Compare every array after the step with those of the training, after the same step."""
    advance(training, trace.inputs.step + 1)
    after = state_arrays(training._loop._train_step)
    assert after.keys() == trace.after.keys()
    for name, array in after.items():
        np.testing.assert_array_equal(array, trace.after[name], err_msg=name)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("step", [0, 3])
def test_equals_training_bit_for_bit(name: str, step: int) -> None:
    training = open_plain(SPECS[name])
    # Some of the trainings are shorter.
    step = min(step, training.next_step().steps_per_epoch * SPECS[name].epochs - 1)
    advance(training, step)
    inputs = training.next_step()
    assert inputs.step == step == training.steps_done
    assert_equal_to_training(training, trace_step(inputs))


def test_leaves_its_inputs_as_they_are() -> None:
    training = open_plain(SPECS["optimizer-adam"])
    advance(training, 2)
    inputs = training.next_step()
    before = {name: array.copy() for name, array in inputs.arrays.items()}
    x = inputs.batch.x.copy()
    first, second = trace_step(inputs), trace_step(inputs)
    for name, array in inputs.arrays.items():
        np.testing.assert_array_equal(array, before[name])
        np.testing.assert_array_equal(first.after[name], second.after[name])
    np.testing.assert_array_equal(inputs.batch.x, x)
    np.testing.assert_array_equal(training.next_step().arrays["parameters"], before["parameters"])


def test_a_fold_is_traced_with_its_own_rows() -> None:
    name, spec = next((name, spec) for name, spec in SPECS.items() if name not in PLAIN)

    def prepare_fold(fold: int | None) -> PreparedData:
        return prepare(spec, make_table(), fold=fold)

    training = FoldedTraining(spec, prepare_fold)
    advance(training, 1)
    inputs = training.next_step()
    trace = trace_step(inputs)
    advance(training, 2)
    np.testing.assert_array_equal(
        training.next_step().arrays["parameters"], trace.after["parameters"], err_msg=name
    )


@pytest.mark.parametrize("name", ["layer-dense", "layer-conv2d", "layer-residual", "loss-huber"])
def test_numbers_of_a_step_belong_together(name: str) -> None:
    training = open_plain(SPECS[name])
    trace = trace_step(training.next_step())
    batch = trace.inputs.batch
    assert trace.loss == pytest.approx(float(trace.row_losses @ trace.shares), rel=1e-6)
    data = training._data.x[0 : training.rows]
    assert trace.inputs.positions is not None
    np.testing.assert_array_equal(data[trace.inputs.positions], batch.x)
    for layer in trace.layers:
        assert layer.outputs.rows.shape == (len(batch.x), *layer.layer.out_shape)
        np.testing.assert_allclose(
            layer.outputs.mean, layer.outputs.rows.mean(axis=0, dtype=float), rtol=1e-6, atol=1e-7
        )
    flat = [layer for layer in trace.layers if ".layers." not in layer.name]
    for one, following in pairwise(flat):
        np.testing.assert_array_equal(one.outputs.rows.ravel(), following.inputs.rows.ravel())


def test_stages_of_a_parameter_follow_each_other() -> None:
    spec = SPECS["layer-dense"]
    trace = trace_step(open_plain(spec).next_step())
    weight = next(one for one in trace.parameters if one.name == "layers.0.weight")
    assert weight.gradient is not None
    penalty = 0.01 * np.sign(weight.before) + 2 * 0.01 * weight.before
    np.testing.assert_allclose(weight.gradient, weight.loss_gradient + penalty, rtol=1e-5)
    np.testing.assert_array_equal(weight.gradient, weight.clipped)
    norms = np.linalg.norm(weight.after, axis=0)
    assert (norms <= 1.5 * (1 + 1e-6)).all()
    frozen = next(one for one in trace.parameters if one.name == "layers.1.weight")
    assert frozen.is_frozen
    assert frozen.gradient is None
    np.testing.assert_array_equal(frozen.before, frozen.after)


def test_only_some_rows_are_kept() -> None:
    inputs = open_plain(SPECS["optimizer-sgd"]).next_step()
    whole, part = trace_step(inputs), trace_step(inputs, [5, 2])
    for one, other in zip(whole.layers, part.layers, strict=True):
        np.testing.assert_array_equal(one.outputs.rows[[5, 2]], other.outputs.rows)
        np.testing.assert_array_equal(one.outputs.mean, other.outputs.mean)
    np.testing.assert_array_equal(whole.after["parameters"], part.after["parameters"])


def test_a_diverging_step_is_traced_up_to_the_loss() -> None:
    training = open_plain(SPECS["loss-mean_squared_error"])
    inputs = training.next_step()
    inputs.arrays["parameters"].fill(1e30)
    trace = trace_step(inputs)
    assert trace.diverged_in is not None
    assert trace.output_gradient is None
    assert all(one.moved is None for one in trace.parameters)


@pytest.mark.parametrize("name", ["layer-batch_normalization", "layer-layer_normalization"])
def test_the_statistics_of_a_normalization_are_recorded(name: str) -> None:
    trace = trace_step(open_plain(SPECS[name]).next_step())
    (layer,) = (one for one in trace.layers if one.inverse_std is not None)
    assert layer.inverse_std is not None
    x = layer.inputs.rows.astype(np.float64)
    axes = tuple(range(x.ndim - 1)) if "batch" in name else tuple(range(1, x.ndim))
    expected = 1 / np.sqrt(x.var(axis=axes) + 1e-5)
    np.testing.assert_allclose(layer.inverse_std.ravel(), expected, rtol=1e-5)
