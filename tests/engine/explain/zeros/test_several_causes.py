"""Zeros with several possible causes: which one is named."""

import numpy as np

from engine.explain.zeros.causes import Cause, cause_of, code_of
from engine.explain.zeros.find_zeros import find_zeros
from engine.explain.zeros.sums import Terms, zeros_of_sums
from tests.engine.explain.zeros.test_causes import CASES, TARGETS, TWO_ROWS, dense, two_units
from tests.engine.explain.zeros.zero_steps import trace_of

OFF, SATURATED = code_of(Cause.RELU_OFF, 1), code_of(Cause.SATURATED, 2)


def zero_of_counts(counts: dict[int, int], nonzero: int = 0, size: float = 0.0) -> int:
    by_code = {code: np.array([float(count)]) for code, count in counts.items()}
    terms = Terms(by_code, np.array([float(nonzero)]), np.array([size]))
    return int(zeros_of_sums(np.zeros(1), terms, code_of(Cause.ZERO_WEIGHT), 3)[0])


def test_the_most_frequent_cause_of_terms_is_named() -> None:
    assert zero_of_counts({OFF: 2, SATURATED: 3}) == SATURATED
    assert zero_of_counts({SATURATED: 2, OFF: 3}) == OFF


def test_of_equally_frequent_causes_the_first_is_named() -> None:
    assert zero_of_counts({SATURATED: 2, OFF: 2}) == OFF
    assert zero_of_counts({OFF: 2, SATURATED: 2}) == OFF


def test_terms_that_are_not_zero_cancel_or_underflow() -> None:
    assert zero_of_counts({OFF: 9}, nonzero=2, size=1.0) == code_of(Cause.EXACT_ZERO, 3)
    assert zero_of_counts({OFF: 9}, nonzero=1) == code_of(Cause.UNDERFLOW, 3)
    assert zero_of_counts({}) == code_of(Cause.ZERO_WEIGHT)


def test_a_flat_activation_comes_before_what_follows_it() -> None:
    trace = two_units("relu", [[1.0, 0.5], [0.5, 3.0]], row_weights=[0.0, 2.0])
    codes = find_zeros(trace).layers[0].output_gradient
    assert codes is not None
    found = [[cause_of(code) for code in row] for row in codes]
    assert found == [[Cause.ZERO_WEIGHT_ROW, Cause.RELU_OFF], [None, None]]


def test_inputs_of_zero_do_not_explain_the_gradient_of_a_bias() -> None:
    layers = [dense(2, "relu"), dense(2, "tanh", use_bias=True)]
    weights = {
        "layers.0.weight": [[-1.0, 1.0], [-0.1, 0.5]],
        "layers.1.weight": [[1.0, 0.5], [0.5, 0.25]],
        "layers.1.bias": [0.1, 100.0],
    }
    trace = trace_of(layers, TWO_ROWS, TARGETS, weights=weights)
    zeros = find_zeros(trace)
    by_name = dict(zip([one.name for one in trace.parameters], zeros.parameters, strict=True))
    gradient = by_name["layers.1.bias"].loss_gradient
    assert gradient is not None
    assert [cause_of(code) for code in gradient] == [None, Cause.SATURATED]


def test_momentum_moves_a_weight_without_a_gradient() -> None:
    """The weights of a dead unit stay, not for lack of a gradient: the change is too small."""
    weights = {"layers.0.weight": [[1.0, -0.5], [0.5, 0.1]]}
    trace = trace_of(
        [dense(2, "relu")],
        TWO_ROWS,
        TARGETS,
        weights=weights,
        optimizer={"type": "adam", "learning_rate": 1e-30},
        optimizer_state={"m": {"layers.0.weight": np.ones((2, 2)).tolist()}},
    )
    zeros = find_zeros(trace).parameters[0]
    assert zeros.clipped is not None
    assert zeros.update is not None
    assert cause_of(zeros.clipped[0, 1]) is Cause.DEAD_RELU
    assert cause_of(zeros.update[0, 1]) is Cause.ROUNDED_AWAY
    without = find_zeros(CASES["dead relu"][1]()).parameters[0]
    assert without.update is not None
    assert cause_of(without.update[0, 1]) is Cause.DEAD_RELU
