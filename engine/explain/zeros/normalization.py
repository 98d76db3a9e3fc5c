"""Causes of the zeros of batch and layer normalization."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace, Recorded
from engine.explain.zeros.causes import Cause, Codes, Flags, choose, code_of, fill_zeros, present
from engine.explain.zeros.sums import Terms, mark, zeros_of_sums
from engine.layers.batch_normalization import BatchNormalization

Number = TypeVar("Number", bound=np.generic)

# Values are equal to their mean up to this many roundings.
_ROUNDINGS = 8


class NormalizationZeros:
    """Causes of the zeros of one normalization.

    Arrays are matrices with one column per element of γ. A group is the values that share a mean:
    a column in batch normalization, a row in layer normalization.

    Args:
        trace: the layer's recorded arrays.
        parameters: its parameters and states before the step, by full name.
        index: index of the layer in `StepTrace.layers`.
        rows: number of rows of the batch.
    """

    def __init__(
        self, trace: LayerTrace, parameters: Mapping[str, Floats], index: int, rows: int
    ) -> None:
        self._trace, self._index = trace, index
        self._scale = parameters[f"{trace.name}.scale"].reshape(-1)
        self._shift = parameters[f"{trace.name}.shift"].reshape(-1)
        self._is_batch = isinstance(trace.layer, BatchNormalization)
        # A frozen batch normalization subtracts the running mean, which does not depend on x.
        self._is_fixed = self._is_batch and trace.layer.is_frozen
        if self._is_fixed:
            self._running_mean = parameters[f"{trace.name}.running_mean"]
        self._x = self._matrix(trace.inputs.rows)
        positions = self._matrix(trace.inputs.mean).shape[0] if self._is_batch else 0
        self._group_size = rows * positions if self._is_batch else len(self._scale)

    def outputs(self, codes: Codes) -> Codes:
        """Return the causes of y = γ x̂ + β from those of x."""
        found = choose(
            (self._shift != 0, self._code(Cause.EXACT_ZERO)),
            (self._scale == 0, self._code(Cause.ZERO_WEIGHT)),
            otherwise=self._normalized(codes),
        )
        return fill_zeros(self._trace.outputs.rows, found.reshape(codes.shape))

    def _normalized(self, codes: Codes) -> Codes:
        """Causes of x̂ = 0: all of the group is 0 or equal, it is one value, or this is its mean."""
        flat, exact = self._matrix(codes), self._code(Cause.EXACT_ZERO)
        if self._is_fixed:
            return choose(((self._x == 0) & (self._running_mean == 0), flat), otherwise=exact)
        return choose(
            (self._is_zero(self._trace.inputs), flat),
            (np.asarray(self._group_size == 1), self._code(Cause.NORMALIZED)),
            (self._all(self._is_mean()), self._code(Cause.CONSTANT)),
            otherwise=np.full(flat.shape, exact, np.uint16),
        )

    def input_gradient(self, values: Floats, dy: Recorded, codes: Codes) -> Codes:
        """Return the causes of ∂x from those of ∂y.

        Args:
            values: ∂x.
            dy: ∂y.
            codes: causes of the zeros of ∂y.
        """
        zero_weight, underflow = self._code(Cause.ZERO_WEIGHT), self._code(Cause.UNDERFLOW)
        gradient, flat = self._matrix(dy.rows), self._matrix(codes)
        no_scale: Flags = self._scale == 0
        if self._is_fixed:
            found = choose((no_scale, zero_weight), (gradient == 0, flat), otherwise=underflow)
        else:
            # ∂y of a unit counts only if its γ is not 0.
            of_group = choose((gradient == 0, flat), otherwise=zero_weight)
            found = choose(
                (no_scale if self._is_batch else self._all(no_scale[np.newaxis]), zero_weight),
                (self._is_zero(dy), of_group),
                (np.asarray(self._group_size == 1), self._code(Cause.NORMALIZED)),
                (self._all(np.abs(gradient) < np.finfo(gradient.dtype).tiny), underflow),
                otherwise=self._code(Cause.EXACT_ZERO),
            )
        return fill_zeros(values, np.broadcast_to(found, gradient.shape).reshape(values.shape))

    def gradients(
        self, gradients: Mapping[str, Floats], dy: Floats, x_codes: Codes, codes: Codes
    ) -> dict[str, Codes]:
        """Return the causes of ∂γ = Σ ∂y x̂ and ∂β = Σ ∂y, as far as the kept rows show them.

        Args:
            gradients: the gradients by full name.
            dy: ∂y.
            x_codes: causes of the zeros of x.
            codes: causes of the zeros of ∂y.
        """
        normalized = choose((self._is_mean(), self._normalized(x_codes)), otherwise=0)
        of_gradient = self._matrix(codes)
        factors: dict[str, tuple[Codes, ...]] = {
            "scale": (of_gradient, normalized),
            "shift": (of_gradient,),
        }
        size = np.abs(self._matrix(dy)).sum(axis=0)
        found = {}
        for name, values in gradients.items():
            terms = _count_products(factors[name.rpartition(".")[2]], size)
            zeros = zeros_of_sums(
                values.reshape(-1), terms, self._code(Cause.EXACT_ZERO), self._index
            )
            found[name] = zeros.reshape(values.shape)
        return found

    def _is_mean(self) -> Flags:
        """Whether each value is the mean of its group, so that x̂ is 0."""
        x = self._x
        if self._is_batch:
            mean = self._running_mean if self._is_fixed else self._batch_mean()
        else:
            mean = x.mean(axis=1, keepdims=True)
        is_mean: Flags = np.abs(x - mean) <= _ROUNDINGS * np.finfo(x.dtype).eps * np.abs(mean)
        return is_mean

    def _batch_mean(self) -> Floats:
        mean: Floats = self._matrix(self._trace.inputs.mean).mean(axis=0)
        return mean

    def _is_zero(self, recorded: Recorded) -> Flags:
        """Whether all values of each group are 0; those of units without γ do not count."""
        if self._is_batch:
            no_value: Flags = self._matrix(recorded.nonzero).sum(axis=0) == 0
            return no_value
        rows = self._matrix(recorded.rows)
        counts = rows if recorded is self._trace.inputs else rows * (self._scale != 0)
        return self._all(counts == 0)

    def _all(self, flags: Flags) -> Flags:
        """Whether something holds for all values of each group, as far as rows are kept."""
        return np.logical_and.reduce(flags, axis=0 if self._is_batch else 1, keepdims=True)

    def _matrix(self, array: NDArray[Number]) -> NDArray[Number]:
        return array.reshape(-1, len(self._scale))

    def _code(self, cause: Cause) -> int:
        return code_of(cause, self._index)


def _count_products(factors: tuple[Codes, ...], size: Floats) -> Terms:
    """Count the products of each column by the causes of their factors' zeros."""
    by_code: dict[int, Floats] = {}
    for codes in factors:
        for code in present(codes):
            by_code[code] = by_code.get(code, 0) + mark(codes == code, size).sum(axis=0)
    nonzero = np.logical_and.reduce([codes == 0 for codes in factors]).sum(axis=0)
    return Terms(by_code, nonzero, size)
