"""Causes of the zeros of max pooling."""

import numpy as np

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace
from engine.explain.zeros.causes import Cause, Codes, choose, code_of, fill_zeros, present
from engine.explain.zeros.probe import Probe
from engine.explain.zeros.sums import LinearMap, count_terms, mark, zeros_of_sums
from engine.layers.pooling import MaxPooling2d
from engine.layers.windows import pair_spans


def max_pooling_output_zeros(trace: LayerTrace, codes: Codes, index: int) -> Codes:
    """Return the causes of the zeros of y: those of a value of 0 in the window."""
    x, y = trace.inputs.rows, trace.outputs.rows
    probe = Probe(trace.layer, {}, len(x))
    found = np.full(y.shape, code_of(Cause.EXACT_ZERO, index), np.uint16)
    for code in present(codes):
        is_in_window = probe.forward(mark(codes == code, x)) > 0
        found = np.where(is_in_window, np.uint16(code), found)
    return fill_zeros(y, found)


def max_pooling_gradient_zeros(
    trace: LayerTrace, dx: Floats, dy: Floats, codes: Codes, index: int
) -> Codes:
    """Return the causes of the zeros of ∂x: those of ∂y for the maxima, else that it is none."""
    layer = trace.layer
    assert isinstance(layer, MaxPooling2d)  # noqa: S101 - the caller's condition
    probe = Probe(layer, {}, len(dx))
    probe.forward(trace.inputs.rows)
    is_covered = np.zeros(dx.shape, np.bool_)
    for _, values in pair_spans(*layer.windows):
        is_covered[values] = True
    rest = choose(
        (is_covered, code_of(Cause.MAX_POOL_LOSER, index)),
        otherwise=code_of(Cause.OUTSIDE_WINDOWS, index),
    )
    sums = LinearMap(probe.backward, probe.backward)
    return zeros_of_sums(dx, count_terms(dy, codes, sums), rest, index)
