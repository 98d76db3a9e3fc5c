"""Recorders of one training step: hooks around the step's own methods copy its arrays."""

from collections.abc import Callable

import numpy as np

from engine.arrays import Floats, Indices
from engine.explain.hooks import hook
from engine.explain.step_trace import LayerTrace, Recorded
from engine.layers.base import Layer, walk
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.copy import Copy
from engine.layers.dropout import Dropout
from engine.layers.layer_normalization import LayerNormalization
from engine.losses.error_base import ErrorLoss
from engine.training.state_arrays import copy_arrays
from engine.training.step_inputs import state_arrays
from engine.training.train_step import TrainStep


class LayerRecorder:
    """Records inputs, outputs and their gradients of one layer.

    Args:
        layer: the layer; it is observed from now on.
        record: copies an array with one entry per row.
        kept: positions in the batch of the rows to keep.
        is_open: whether the step is in its forward and backward pass; line searches repeat them.
    """

    def __init__(
        self,
        layer: Layer,
        record: Callable[[Floats], Recorded],
        kept: Indices,
        is_open: Callable[[], bool],
    ) -> None:
        self._layer, self._record, self._kept, self._is_open = layer, record, kept, is_open
        self._found: dict[str, Recorded] = {}
        self._inverse_std: Floats | None = None
        hook(layer, "forward", before=self._keep("inputs"), after=self._end_forward)
        hook(layer, "backward", before=self._keep("output_gradient"), after=self._end_backward)

    def _keep(self, name: str) -> Callable[[Floats], None]:
        def keep(array: Floats) -> None:
            if self._is_open():
                self._found[name] = self._record(array)

        return keep

    def _end_forward(self, y: Floats) -> None:
        self._keep("outputs")(y)
        if isinstance(self._layer, Dropout):
            self._keep("mask")(self._layer.mask)
        if self._is_open():
            self._keep_inverse_std()

    def _keep_inverse_std(self) -> None:
        match self._layer:
            case BatchNormalization(is_frozen=False):
                self._inverse_std = self._layer.inverse_std.copy()
            case LayerNormalization():
                self._inverse_std = self._layer.inverse_std[self._kept]
            case _:
                pass

    def _end_backward(self, dx: Floats) -> None:
        if self._layer.needs_dx:
            self._keep("input_gradient")(dx)

    @property
    def trace(self) -> LayerTrace:
        """The recorded arrays of the layer."""
        return LayerTrace(self._layer, **self._found, inverse_std=self._inverse_std)


class StepRecorder:
    """Records one run of a training step.

    Attributes:
        stages: copies of all gradients after the backward pass (`loss_gradient`), with penalties
            (`gradient`) and clipped (`clipped`); of all parameters `before` the step, after the
            optimizer (`moved`) and `after` the step.
        slots_before: arrays of the state before the optimizer's update.
        evaluations: evaluations of the objective by the optimizer.

    Args:
        step: the step; it is observed from now on.
        kept: positions in the batch of the rows to keep.
        shares: share of each row in the loss of the batch, `(batch,)`.
    """

    def __init__(self, step: TrainStep, kept: Indices, shares: Floats) -> None:
        self._step, self._kept, self._shares, self._is_open = step, kept, shares, True
        self.stages: dict[str, Floats] = {"before": step.network.parameters.copy()}
        self.evaluations = 0
        self.row_losses: Floats = np.empty(0)
        self.loss = float("nan")
        self.outputs: Recorded | None = None
        self.output_gradient: Recorded | None = None
        self.prediction_gradient: Recorded | None = None
        self.slots_before = copy_arrays(state_arrays(step))
        self._layers = [
            LayerRecorder(layer, self._record, kept, lambda: self._is_open)
            for layer in walk(iter(step.network.layers))
            if not isinstance(layer, Copy)
        ]
        self._observe()

    def _observe(self) -> None:
        step, network = self._step, self._step.network
        hook(step.loss, "forward", before=self._count, after=self._end_loss)
        hook(step.loss, "backward", after=self._end_loss_backward)
        if isinstance(step.loss, ErrorLoss):
            hook(step.loss.activation, "backward", before=self._keep_prediction_gradient)
        hook(network, "backward", after=lambda _: self._keep_gradients("loss_gradient"))
        hook(step, "clip", before=lambda _: self._keep_gradients("gradient"))
        hook(step.optimizer, "update", before=self._begin_update, after=self._end_update)

    def _record(self, array: Floats) -> Recorded:
        shaped = array.reshape(len(array), -1)
        return Recorded(
            rows=array[self._kept],
            mean=shaped.mean(axis=0, dtype=np.float64).reshape(array.shape[1:]),
            nonzero=np.count_nonzero(shaped, axis=0).reshape(array.shape[1:]),
        )

    def _count(self, *_: object) -> None:
        self.evaluations += not self._is_open

    def _end_loss(self, loss: float) -> None:
        if self._is_open:
            self.loss, self.row_losses = loss, self._step.loss.row_losses.copy()
            self.outputs = self._record(self._step.loss.outputs)

    def _end_loss_backward(self, gradient: Floats) -> None:
        if self._is_open:
            self.output_gradient = self._record(gradient)

    def _keep_prediction_gradient(self, _: Floats, gradient: Floats) -> None:
        if self._is_open:
            self.prediction_gradient = self._record(gradient * self._shares[:, np.newaxis])

    def _keep_gradients(self, name: str) -> None:
        if self._is_open:
            self.stages[name] = self._step.network.gradients.copy()

    def _begin_update(self, *_: object) -> None:
        self._keep_gradients("clipped")
        self._is_open = False

    def _end_update(self, _: None) -> None:
        self.stages["moved"] = self._step.network.parameters.copy()

    @property
    def layers(self) -> tuple[LayerTrace, ...]:
        """The recorded arrays of all layers, in forward order."""
        return tuple(layer.trace for layer in self._layers)
