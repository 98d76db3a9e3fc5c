"""Zeros of chosen rows, of single rows, of contributions; and what finding them leaves alone."""

import numpy as np

from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import trace_step
from engine.explain.zeros.causes import Cause, cause_of, code_of
from engine.explain.zeros.find_zeros import find_zeros
from engine.explain.zeros.sums import zeros_of_products
from tests.engine.explain.zeros.test_causes import CASES, dense, two_units
from tests.engine.explain.zeros.zero_steps import causes_in, trace_of

RELU = [[1.0, 0.5], [0.5, 3.0]]


def test_a_single_row_says_nothing_of_dead_units() -> None:
    trace = trace_of([dense(2, "relu")], [[0.5, -0.25]], [1.0], weights={"layers.0.weight": RELU})
    assert causes_in(find_zeros(trace).layers[1].outputs) == {Cause.RELU_OFF}


def test_dead_units_are_those_of_the_whole_batch() -> None:
    trace = trace_step(two_units("relu", RELU).inputs, [0])
    assert causes_in(find_zeros(trace).layers[1].outputs) == {Cause.RELU_OFF}
    dead = trace_step(CASES["dead relu"][1]().inputs, [1])
    assert causes_in(find_zeros(dead).layers[1].outputs) == {Cause.DEAD_RELU}


def test_without_kept_rows_parameters_still_have_causes() -> None:
    zeros = find_zeros(trace_step(CASES["dead relu"][1]().inputs, []))
    for one in zeros.parameters:
        assert one.loss_gradient is not None
        assert causes_in(one.loss_gradient) <= {Cause.EXACT_ZERO}


def test_causes_of_contributions() -> None:
    """A contribution x · δ is 0 by its first factor of 0, with that factor's own cause."""
    trace = two_units("relu", RELU)
    zeros = find_zeros(trace)
    output, of_output = trace.layers[2], zeros.layers[2]
    assert output.output_gradient is not None
    assert of_output.output_gradient is not None
    x, delta = output.inputs.rows[:, :, np.newaxis], output.output_gradient.rows[:, np.newaxis]
    codes = zeros_of_products(
        x * delta,
        (x, of_output.inputs[:, :, np.newaxis]),
        (delta, of_output.output_gradient[:, np.newaxis]),
        layer=2,
    )
    np.testing.assert_array_equal(codes != 0, x * delta == 0)
    assert cause_of(codes[0, 1, 0]) is Cause.RELU_OFF


def test_a_product_of_small_factors_underflows() -> None:
    small, none = np.array([1e-200]), np.zeros(1, np.uint16)
    codes = zeros_of_products(small * small, (small, none), (small, none), layer=1)
    assert codes.tolist() == [code_of(Cause.UNDERFLOW, 1)]


def copies(trace: StepTrace) -> list[bytes]:
    arrays = [one.after for one in trace.parameters]
    for layer in trace.layers:
        recorded = (layer.inputs, layer.outputs, layer.output_gradient, layer.input_gradient)
        arrays += [one.rows for one in recorded if one is not None]
    return [array.tobytes() for array in arrays]


def test_finding_zeros_leaves_the_trace_as_it_is() -> None:
    for name in ("relu off", "strides of a convolution", "code", "scale", "max pooling"):
        trace = CASES[name][1]()
        before = copies(trace)
        first = find_zeros(trace)
        assert copies(trace) == before
        again = find_zeros(trace)
        for one, other in zip(first.layers, again.layers, strict=True):
            np.testing.assert_array_equal(one.outputs, other.outputs)


def test_a_step_that_diverges_has_causes_up_to_there() -> None:
    trace = two_units("relu", [[1e200, -0.5], [1e200, 0.1]])
    assert trace.diverged_in is not None
    zeros = find_zeros(trace)
    assert zeros.output_gradient is None
    assert zeros.layers[0].output_gradient is None
    assert zeros.parameters[0].update is None
    assert causes_in(zeros.layers[1].outputs) == {Cause.DEAD_RELU}
