"""Causes of the zeros of embeddings."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace
from engine.explain.zeros.causes import Cause, Codes, choose, code_of, fill_zeros, present
from engine.explain.zeros.probe import Probe
from engine.explain.zeros.sums import Terms, mark, zeros_of_sums


def embedding_output_zeros(trace: LayerTrace, codes: Codes, index: int) -> Codes:
    """Return the causes of the zeros of y: numbers pass through, the rest is read from tables."""
    y, layer = trace.outputs.rows, trace.layer
    coded = {_position(name) for name in layer.parameter_shapes()}
    numbers = [place for place in range(layer.in_shape[0]) if place not in coded]
    found = np.full(y.shape, code_of(Cause.ZERO_WEIGHT, index), np.uint16)
    found[:, : len(numbers)] = codes[:, numbers]
    return fill_zeros(y, found)


def embedding_gradients_zeros(
    trace: LayerTrace,
    parameters: Mapping[str, Floats],
    gradients: Mapping[str, Floats],
    dy: Floats,
    codes: Codes,
    batch: Floats,
    index: int,
) -> dict[str, Codes]:
    """Return the causes of the zeros of ∂table, as far as the kept rows show them.

    Args:
        trace: the layer's recorded arrays.
        parameters: its tables before the step, by full name.
        gradients: ∂table by full name.
        dy: ∂y.
        codes: causes of the zeros of ∂y.
        batch: inputs of all rows of the batch, `(batch, in_features)`.
        index: index of the layer in `StepTrace.layers`.
    """
    x, probe = trace.inputs.rows, Probe(trace.layer, parameters, len(trace.inputs.rows))
    by_code = {code: probe.gradients_of(x, mark(codes == code, dy)) for code in present(codes)}
    nonzero = probe.gradients_of(x, mark(dy != 0, dy))
    sizes = probe.gradients_of(x, np.abs(dy))
    exact, absent = (code_of(cause, index) for cause in (Cause.EXACT_ZERO, Cause.CODE_ABSENT))
    found = {}
    for name, values in gradients.items():
        in_batch = np.isin(np.arange(len(values)), batch[:, _position(name)].astype(np.intp))
        terms = Terms({code: of[name] for code, of in by_code.items()}, nonzero[name], sizes[name])
        rest = choose((in_batch[:, np.newaxis], exact), otherwise=absent)
        found[name] = zeros_of_sums(values, terms, rest, index)
    return found


def _position(name: str) -> int:
    """Return the position of a table's codes among the inputs: 3 for `layers.0.weight_3`."""
    return int(name.rpartition("_")[2])
