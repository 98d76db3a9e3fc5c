"""Random networks: every zero of a step has a cause, no other number has one, and it is true."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.activations import Relu
from engine.arrays import Floats
from engine.errors import SpecError
from engine.explain.step_trace import StepTrace
from engine.explain.zeros.causes import Cause, Codes, cause_of, origin_of
from engine.explain.zeros.find_zeros import StepZeros, find_zeros
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from tests.engine.explain.zeros.zero_steps import (
    numbers_of_layers,
    numbers_of_parameters,
    numbers_of_state,
    trace_of,
)
from tests.engine.layer_stacks import flat_stacks, image_stacks
from tests.engine.loss_examples import PAIRS, suitable_targets, units_for

IN_FEATURES = 36
OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "lion", "nadam"]
CLIPS = [None, {"type": "norm", "limit": 0.01}, {"type": "value", "limit": 1e-4}]


@st.composite
def random_steps(pick: st.DrawFn) -> dict[str, Any]:
    """Arguments of a step; its layers may not fit each other."""
    loss, activation = pick(st.sampled_from(PAIRS))
    units = units_for(loss, 3)
    # Weights that are 0, tiny or large make zeros of every kind.
    return {
        "layers": pick(st.one_of(flat_stacks(), image_stacks())),
        "loss": loss.model_dump(),
        "output": {"units": units, "activation": activation},
        "optimizer": pick(st.sampled_from(OPTIMIZERS)),
        "gradient_clip": pick(st.sampled_from(CLIPS)),
        "dtype": pick(st.sampled_from(["float32", "float64"])),
        "rows": pick(st.integers(2, 4)),
        "scale": pick(st.sampled_from([1.0, 1.0, 1e-25, 100.0])),
        "zeros": pick(st.sampled_from([0.0, 0.5, 0.9])),
        "is_weighted": pick(st.booleans()),
        "seed": pick(st.integers(0, 999)),
    }


def trace_random(arguments: dict[str, Any]) -> StepTrace:
    random = np.random.default_rng(arguments["seed"])
    rows, (loss, units) = arguments.pop("rows"), (arguments["loss"], arguments["output"]["units"])
    spec = next(spec for spec, _ in PAIRS if spec.model_dump() == loss)
    targets = np.asarray(suitable_targets(spec, rows, units, arguments["seed"]))
    x = np.clip(random.standard_normal((rows, IN_FEATURES)), -5, 5)
    x[random.random(x.shape) < arguments.pop("zeros")] = 0
    weights = random.choice([0.0, 0.5, 1.5], rows)
    return trace_of(
        rows=(x * arguments.pop("scale")).tolist(),
        targets=targets.tolist(),
        row_weights=weights.tolist() if arguments.pop("is_weighted") else None,
        **arguments,
    )


def check(arguments: dict[str, Any]) -> None:
    """Check a random step, unless its layers do not fit each other or it diverges at the loss."""
    try:
        trace = trace_random(dict(arguments))
    except SpecError:
        assume(False)
    zeros = find_zeros(trace)
    for numbers in (numbers_of_layers, numbers_of_parameters, numbers_of_state):
        for name, values, codes in numbers(trace, zeros):
            np.testing.assert_array_equal(codes != 0, values == 0, err_msg=name)
    check_activations(trace, zeros)
    check_dense(trace, zeros)


def check_activations(trace: StepTrace, zeros: StepZeros) -> None:
    """The causes that activations and dropout add are true of the unit itself."""
    for index, (one, of_one) in enumerate(zip(trace.layers, zeros.layers, strict=True)):
        z = one.inputs.rows
        if isinstance(one.layer, ActivationLayer) and isinstance(one.layer.activation, Relu):
            off = is_cause(of_one.outputs, index, Cause.RELU_OFF, Cause.DEAD_RELU)
            np.testing.assert_array_equal(off, z <= 0)
            dead = is_cause(of_one.outputs, index, Cause.DEAD_RELU)
            axes = tuple(range(z.ndim - 1))
            all_off = (z <= 0).all(axis=axes)
            np.testing.assert_array_equal(dead, np.broadcast_to(all_off, z.shape))
        if isinstance(one.layer, Dropout):
            assert one.mask is not None
            dropped = is_cause(of_one.outputs, index, Cause.DROPPED_OUT)
            np.testing.assert_array_equal(dropped, one.mask.rows == 0)


def is_cause(codes: Codes, index: int, *causes: Cause) -> Any:
    return np.vectorize(lambda c: cause_of(c) in causes and origin_of(c) == index, [bool])(codes)


def check_dense(trace: StepTrace, zeros: StepZeros) -> None:
    """A zero of a dense layer is 0 by all of its terms, or they cancel, as its cause says."""
    before = {one.name: one.before for one in trace.parameters}
    gradients = {
        one.name: (one.loss_gradient, of_one.loss_gradient)
        for one, of_one in zip(trace.parameters, zeros.parameters, strict=True)
    }
    for index, (one, of_one) in enumerate(zip(trace.layers, zeros.layers, strict=True)):
        if not isinstance(one.layer, Dense):
            continue
        x, weight = one.inputs.rows, before[f"{one.name}.weight"]
        terms = x[:, :, np.newaxis] * weight
        if one.layer.use_bias:
            bias = np.broadcast_to(before[f"{one.name}.bias"], (len(x), 1, weight.shape[1]))
            terms = np.concatenate([terms, bias], axis=1)
        check_sums(terms, 1, of_one.outputs, of_one.inputs, index)
        if one.output_gradient is None:
            continue
        dy = one.output_gradient.rows
        assert of_one.output_gradient is not None
        if of_one.input_gradient is not None:
            terms = dy[:, np.newaxis] * weight
            check_sums(terms, 2, of_one.input_gradient, of_one.output_gradient, index)
        values, codes = gradients[f"{one.name}.weight"]
        if values is not None and codes is not None:
            known = np.concatenate([of_one.inputs.ravel(), of_one.output_gradient.ravel()])
            check_sums(x[:, :, np.newaxis] * dy[:, np.newaxis], 0, codes, known, index)


def check_sums(terms: Floats, axis: int, codes: Codes, known: Codes, index: int) -> None:
    """Cancellation has terms that are not 0; any other cause has none, and comes from a factor."""
    has_terms = (terms != 0).any(axis=axis)
    cancels = is_cause(codes, index, Cause.EXACT_ZERO)
    np.testing.assert_array_equal(cancels, has_terms & (codes != 0))
    own = is_cause(codes, index, Cause.EXACT_ZERO, Cause.UNDERFLOW, Cause.ZERO_WEIGHT)
    assert set(np.unique(codes[~own & (codes != 0)])) <= set(np.unique(known))


@settings(max_examples=30)
@given(random_steps())
def test_every_zero_has_a_true_cause(arguments: dict[str, Any]) -> None:
    check(arguments)


@pytest.mark.rare
@settings(max_examples=1000)
@given(random_steps())
def test_every_zero_of_a_thousand_networks_has_a_true_cause(arguments: dict[str, Any]) -> None:
    check(arguments)
