"""Causes of the zeros of dense layers, convolution and average pooling."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace
from engine.explain.zeros.causes import Cause, Codes, choose, code_of, fill_zeros, present
from engine.explain.zeros.probe import Probe, indicators, magnitudes
from engine.explain.zeros.sums import LinearMap, Terms, count_terms, mark, zeros_of_sums
from engine.layers.convolution import Conv2d


class LinearZeros:
    """Causes of the zeros of one layer that is linear in its inputs.

    Args:
        trace: the layer's recorded arrays.
        parameters: its parameters before the step, by full name.
        index: index of the layer in `StepTrace.layers`.
    """

    def __init__(self, trace: LayerTrace, parameters: Mapping[str, Floats], index: int) -> None:
        self._trace, self._parameters, self._index = trace, parameters, index
        rows = len(trace.inputs.rows)
        self._counts = Probe(trace.layer, indicators(parameters), rows)
        self._sizes = Probe(trace.layer, magnitudes(parameters), rows)
        self._covered = Probe(trace.layer, ones_of(parameters), rows)
        self._ones = np.ones_like(trace.inputs.rows)

    def outputs(self, codes: Codes) -> Codes:
        """Return the causes of y = x W + b from those of x."""
        values, x = self._trace.outputs.rows, self._trace.inputs.rows
        sums = LinearMap(self._counts.forward, self._sizes.forward)
        found = zeros_of_sums(values, count_terms(x, codes, sums), self._no_term(), self._index)
        bias = self._parameters.get(f"{self._trace.name}.bias")
        if bias is None:
            return found
        # A bias that is not 0 is a term of each sum.
        return fill_zeros(
            values, choose((bias != 0, code_of(Cause.EXACT_ZERO, self._index)), otherwise=found)
        )

    def _no_term(self) -> Codes:
        """Causes where all weights of the inputs are 0, or where they meet only padding."""
        zero_weight = code_of(Cause.ZERO_WEIGHT, self._index)
        layer = self._trace.layer
        if not isinstance(layer, Conv2d):
            return np.asarray(zero_weight, np.uint16)
        weights = np.count_nonzero(self._parameters[f"{layer.name}.weight"], axis=(0, 1, 2))
        meets_padding = weights > self._counts.forward(self._ones)
        return choose((meets_padding, code_of(Cause.PADDING, self._index)), otherwise=zero_weight)

    def input_gradient(self, values: Floats, dy: Floats, codes: Codes) -> Codes:
        """Return the causes of ∂x = ∂y Wᵀ from those of ∂y.

        Args:
            values: ∂x.
            dy: ∂y.
            codes: causes of the zeros of ∂y.
        """
        for probe in (self._counts, self._sizes, self._covered):
            probe.forward(self._ones)
        is_covered = self._covered.backward(np.ones_like(dy)) > 0
        rest = choose(
            (is_covered, code_of(Cause.ZERO_WEIGHT, self._index)),
            otherwise=code_of(Cause.OUTSIDE_WINDOWS, self._index),
        )
        sums = LinearMap(self._counts.backward, self._sizes.backward)
        return zeros_of_sums(values, count_terms(dy, codes, sums), rest, self._index)

    def gradients(
        self, gradients: Mapping[str, Floats], dy: Floats, x_codes: Codes, codes: Codes
    ) -> dict[str, Codes]:
        """Return the causes of ∂W = xᵀ ∂y and ∂b = Σ ∂y, as far as the kept rows show them.

        Args:
            gradients: the gradients by full name.
            dy: ∂y.
            x_codes: causes of the zeros of x.
            codes: causes of the zeros of ∂y.
        """
        x, count = self._trace.inputs.rows, self._counts.gradients_of
        ones = np.ones_like(dy)
        by_dy = {code: count(self._ones, mark(codes == code, dy)) for code in present(codes)}
        by_x = {code: count(mark(x_codes == code, x), ones) for code in present(x_codes)}
        every, nonzero = count(self._ones, ones), count(mark(x != 0, x), mark(dy != 0, dy))
        sizes = count(np.abs(x), np.abs(dy))
        padding, exact = (
            code_of(cause, self._index) for cause in (Cause.PADDING, Cause.EXACT_ZERO)
        )
        found = {}
        for name, values in gradients.items():
            # A bias has no input: its gradient is the sum of ∂y.
            factors = (by_dy,) if name.endswith(".bias") else (by_dy, by_x)
            terms = Terms(_add(name, factors), nonzero[name], sizes[name])
            # Without kept rows, nothing is known of the terms.
            rest = padding if len(x) else exact
            rest_codes = choose((every[name] == 0, rest), otherwise=exact)
            found[name] = zeros_of_sums(values, terms, rest_codes, self._index)
        return found


def ones_of(parameters: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return arrays of 1 in the parameters' shapes."""
    return {name: np.ones_like(array) for name, array in parameters.items()}


def _add(name: str, counts: tuple[Mapping[int, Mapping[str, Floats]], ...]) -> dict[int, Floats]:
    """Return, per code, how often it is the cause of a factor of a parameter's gradient."""
    total: dict[int, Floats] = {}
    for by_code in counts:
        for code, found in by_code.items():
            total[code] = total.get(code, 0) + found[name]
    return total
