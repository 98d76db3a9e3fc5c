"""Causes of the zeros of single layers, forward and backward."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace
from engine.explain.zeros.activations import activation_gradient_zeros, activation_output_zeros
from engine.explain.zeros.causes import Cause, Codes, Flags, choose, code_of, fill_zeros
from engine.explain.zeros.embedding import embedding_gradients_zeros, embedding_output_zeros
from engine.explain.zeros.linear import LinearZeros
from engine.explain.zeros.normalization import NormalizationZeros
from engine.explain.zeros.pooling import max_pooling_gradient_zeros, max_pooling_output_zeros
from engine.layers.activation import ActivationLayer
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.normalization import Normalization
from engine.layers.pooling import MaxPooling2d
from engine.layers.reshaping import Reshape


class LayerRules:
    """Causes of the zeros of one layer other than a residual block.

    Args:
        trace: the layer's recorded arrays.
        parameters: its parameters and states before the step, by full name.
        index: index of the layer in `StepTrace.layers`.
        batch: inputs of all rows of the batch, `(batch, in_features)`.
    """

    def __init__(
        self, trace: LayerTrace, parameters: Mapping[str, Floats], index: int, batch: Floats
    ) -> None:
        self._trace, self._parameters, self._index, self._batch = trace, parameters, index, batch

    def outputs(self, codes: Codes) -> Codes:  # noqa: PLR0911 - one case per kind
        """Return the causes of the layer's outputs from those of its inputs."""
        trace, y = self._trace, self._trace.outputs.rows
        if (y != 0).all():
            return fill_zeros(y, 0)
        match trace.layer:
            case Reshape():
                return codes.reshape(y.shape)
            case ActivationLayer(activation=activation):
                z = trace.inputs.rows, codes
                return activation_output_zeros(
                    activation, z, y, is_dead=self._is_dead(), layer=self._index
                )
            case Dropout():
                return fill_zeros(y, self._dropped_or(codes))
            case MaxPooling2d():
                return max_pooling_output_zeros(trace, codes, self._index)
            case Embedding():
                return embedding_output_zeros(trace, codes, self._index)
            case Normalization():
                return self._normalization.outputs(codes)
            case _:
                return LinearZeros(trace, self._parameters, self._index).outputs(codes)

    def input_gradient(  # noqa: PLR0911 - one case per kind
        self, codes: Codes
    ) -> Codes | None:
        """Return the causes of ∂L/∂x from those of ∂L/∂y; None if there is no such gradient."""
        trace = self._trace
        if trace.input_gradient is None or trace.output_gradient is None:
            return None
        dx, dy = trace.input_gradient.rows, trace.output_gradient.rows
        if (dx != 0).all():
            return fill_zeros(dx, 0)
        match trace.layer:
            case Reshape():
                return codes.reshape(dx.shape)
            case ActivationLayer(activation=activation):
                return activation_gradient_zeros(
                    activation,
                    trace.inputs.rows,
                    trace.outputs.rows,
                    (dy, codes),
                    dx,
                    is_dead=self._is_dead(),
                    layer=self._index,
                )
            case Dropout():
                return fill_zeros(dx, self._dropped_or(codes))
            case MaxPooling2d():
                return max_pooling_gradient_zeros(trace, dx, dy, codes, self._index)
            case Normalization():
                return self._normalization.input_gradient(dx, trace.output_gradient, codes)
            case _:
                linear = LinearZeros(trace, self._parameters, self._index)
                return linear.input_gradient(dx, dy, codes)

    def gradients(
        self, gradients: Mapping[str, Floats], x_codes: Codes, codes: Codes
    ) -> dict[str, Codes]:
        """Return the causes of the parameters' gradients, as far as the kept rows show them.

        Args:
            gradients: loss gradients of the layer's trained parameters by full name.
            x_codes: causes of the zeros of x.
            codes: causes of the zeros of ∂L/∂y.
        """
        if all((values != 0).all() for values in gradients.values()):
            return {name: fill_zeros(values, 0) for name, values in gradients.items()}
        trace = self._trace
        assert trace.output_gradient is not None  # noqa: S101 - trained layers have one
        dy = trace.output_gradient.rows
        match trace.layer:
            case Embedding():
                return embedding_gradients_zeros(
                    trace, self._parameters, gradients, dy, codes, self._batch, self._index
                )
            case Normalization():
                return self._normalization.gradients(gradients, dy, x_codes, codes)
            case _:
                linear = LinearZeros(trace, self._parameters, self._index)
                return linear.gradients(gradients, dy, x_codes, codes)

    @property
    def _normalization(self) -> NormalizationZeros:
        rows = len(self._batch)
        return NormalizationZeros(self._trace, self._parameters, self._index, rows)

    def _is_dead(self) -> Flags:
        """Whether each unit, an index of the last axis, is 0 for every row of the batch."""
        nonzero = self._trace.outputs.nonzero
        is_dead: Flags = nonzero.reshape(-1, nonzero.shape[-1]).sum(axis=0) == 0
        # One row says nothing of others.
        return is_dead & (len(self._batch) > 1)

    def _dropped_or(self, codes: Codes) -> Codes:
        """Causes of x · m and ∂y · m, m being the mask."""
        assert self._trace.mask is not None  # noqa: S101 - recorded for each dropout layer
        is_dropped = self._trace.mask.rows == 0
        remaining = np.where(codes == 0, code_of(Cause.UNDERFLOW, self._index), codes)
        dropped = code_of(Cause.DROPPED_OUT, self._index)
        return choose((is_dropped, dropped), otherwise=remaining.astype(np.uint16))
