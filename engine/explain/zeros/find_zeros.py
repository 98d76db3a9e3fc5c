"""Find the cause of every zero of a training step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.arrays import Floats
from engine.explain.step_trace import LayerTrace, StepTrace
from engine.explain.zeros.causes import Cause, Codes, code_of, fill_zeros
from engine.explain.zeros.layers import LayerRules
from engine.explain.zeros.losses import LossZeros
from engine.explain.zeros.parameters import ParameterZeros, parameter_zeros
from engine.explain.zeros.sums import zeros_of_two_terms
from engine.layers.base import Layer
from engine.layers.copy import Copy
from engine.layers.residual import Residual


@dataclass(frozen=True)
class LayerZeros:
    """Causes of the zeros of one layer, for the kept rows; arrays as in `LayerTrace`.

    Attributes:
        inputs: of x.
        outputs: of y.
        output_gradient: of ∂L/∂y; None where the trace has none.
        input_gradient: of ∂L/∂x; None where the trace has none.
    """

    inputs: Codes
    outputs: Codes
    output_gradient: Codes | None = None
    input_gradient: Codes | None = None


@dataclass(frozen=True)
class StepZeros:
    """Causes of the zeros of a training step, as codes: see `cause_of` and `origin_of`.

    Attributes:
        layers: of each layer's arrays, in the order of `StepTrace.layers`.
        parameters: of each parameter, in the order of `StepTrace.parameters`.
        outputs: of the predictions, `(kept, out_features)`.
        prediction_gradient: of ∂L/∂ŷ; None where the trace has none.
        output_gradient: of ∂L/∂logits; None if the loss is not finite.
        row_losses: of the losses of all rows, `(batch,)`.
    """

    layers: tuple[LayerZeros, ...]
    parameters: tuple[ParameterZeros, ...]
    outputs: Codes
    prediction_gradient: Codes | None
    output_gradient: Codes | None
    row_losses: Codes


def find_zeros(trace: StepTrace) -> StepZeros:
    """Return the cause of every number of a step that is exactly 0.

    A cause is followed to its root: δ = 0 behind a ReLU that is off is `relu_off`, and so are the
    numbers that are 0 because this δ is. Gradients of parameters sum over all rows of the batch;
    their causes are those of the kept rows.
    """
    finder = _Finder(trace)
    logits = finder.forward()
    loss = LossZeros(trace, logits)
    gradient = loss.gradient()
    if gradient is not None:
        finder.backward(gradient)
    return StepZeros(
        layers=finder.layers(),
        parameters=finder.parameters(),
        outputs=loss.outputs(),
        prediction_gradient=loss.prediction_gradient(),
        output_gradient=gradient,
        row_losses=loss.row_losses(),
    )


class _Finder:
    """Follows the causes through the layers, forward and backward."""

    def __init__(self, trace: StepTrace) -> None:
        self._trace = trace
        self._index = {id(one.layer): index for index, one in enumerate(trace.layers)}
        nested = {id(child) for one in trace.layers for child in one.layer.children()}
        self._top = [one.layer for one in trace.layers if id(one.layer) not in nested]
        before: dict[str, dict[str, Floats]] = {one.name: {} for one in trace.layers}
        for parameter in trace.parameters:
            before[parameter.layer][parameter.name] = parameter.before
        batch = trace.inputs.batch.x
        self._rules = [
            LayerRules(one, before[one.name], index, batch)
            for index, one in enumerate(trace.layers)
        ]
        self._inputs: dict[int, Codes] = {}
        self._outputs: dict[int, Codes] = {}
        self._output_gradients: dict[int, Codes] = {}
        self._input_gradients: dict[int, Codes] = {}

    def forward(self) -> Codes:
        """Find the causes of all inputs and outputs; return those of the logits."""
        x = self._trace.layers[0].inputs.rows
        return self._forward(self._top, fill_zeros(x, code_of(Cause.ZERO_INPUT)))

    def _forward(self, layers: Iterable[Layer], codes: Codes) -> Codes:
        for index in self._indices(layers):
            trace = self._trace.layers[index]
            self._inputs[index] = codes
            if isinstance(trace.layer, Residual):
                block, block_codes = trace.inputs.rows, codes
                for inner in self._indices(trace.layer.children()):
                    block = self._trace.layers[inner].outputs.rows
                block_codes = self._forward(trace.layer.children(), codes)
                codes = zeros_of_two_terms(
                    trace.outputs.rows,
                    (trace.inputs.rows, codes),
                    (block, block_codes),
                    layer=index,
                )
            else:
                codes = self._rules[index].outputs(codes)
            self._outputs[index] = codes
        return codes

    def backward(self, codes: Codes) -> None:
        """Find the causes of all gradients of inputs and outputs, from those of the logits."""
        self._backward(self._top, codes)

    def _backward(self, layers: Iterable[Layer], codes: Codes) -> Codes | None:
        """Return the causes of the gradient of the first layer's inputs; None if it has none."""
        for index in reversed(self._indices(layers)):
            self._output_gradients[index] = codes
            trace = self._trace.layers[index]
            if isinstance(trace.layer, Residual):
                found = self._backward_block(index, trace, codes)
            else:
                found = self._rules[index].input_gradient(codes)
            if found is None:
                return None
            self._input_gradients[index] = codes = found
        return codes

    def _backward_block(self, index: int, trace: LayerTrace, codes: Codes) -> Codes | None:
        """∂x = ∂y + ∂block(x)."""
        block_codes = self._backward(trace.layer.children(), codes)
        if block_codes is None or trace.input_gradient is None or trace.output_gradient is None:
            return None
        dy = block = trace.output_gradient.rows
        for inner in self._indices(trace.layer.children())[:1]:
            recorded = self._trace.layers[inner].input_gradient
            block = dy if recorded is None else recorded.rows
        return zeros_of_two_terms(
            trace.input_gradient.rows, (dy, codes), (block, block_codes), layer=index
        )

    def _indices(self, layers: Iterable[Layer]) -> list[int]:
        return [self._index[id(layer)] for layer in layers if not isinstance(layer, Copy)]

    def layers(self) -> tuple[LayerZeros, ...]:
        """Return the causes of all layers."""
        return tuple(
            LayerZeros(
                self._inputs[index],
                self._outputs[index],
                self._output_gradients.get(index),
                self._input_gradients.get(index),
            )
            for index in range(len(self._trace.layers))
        )

    def parameters(self) -> tuple[ParameterZeros, ...]:
        """Return the causes of all parameters."""
        owners = {
            name: index
            for index, one in enumerate(self._trace.layers)
            if not any(one.layer.children())
            for name in (*one.layer.parameter_shapes(), *one.layer.state_shapes())
        }
        gradients = self._loss_gradients(owners)
        return tuple(
            parameter_zeros(self._trace, one, gradients.get(one.name), owners[one.name])
            for one in self._trace.parameters
        )

    def _loss_gradients(self, owners: Mapping[str, int]) -> dict[str, Codes]:
        """Return the causes of the loss gradients of all trained parameters by name."""
        by_layer: dict[int, dict[str, Floats]] = {}
        for one in self._trace.parameters:
            if one.loss_gradient is not None:
                by_layer.setdefault(owners[one.name], {})[one.name] = one.loss_gradient
        found: dict[str, Codes] = {}
        for index, gradients in by_layer.items():
            codes = self._inputs[index], self._output_gradients[index]
            found |= self._rules[index].gradients(gradients, *codes)
        return found
