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


class RowRecorder:
    """Selects and summarizes the rows of arrays that a batch's chunks make one after the other.

    Attributes:
        is_open: whether the step is in its forward and backward pass; line searches repeat them.
        chunk: rows of the current chunk in the batch.

    Args:
        kept: positions in the batch of the rows to keep.
        rows: number of rows of the batch.

    Raises:
        IndexError: the batch has no row at a position.
    """

    def __init__(self, kept: Indices, rows: int) -> None:
        if ((kept < 0) | (kept >= rows)).any():
            message = f"the batch has {rows} rows"
            raise IndexError(message)
        self._kept, self._rows = kept, rows
        self.is_open, self.chunk = True, slice(0, rows)

    def begin_chunk(self, _index: int, chunk: slice) -> None:
        """Begin a chunk."""
        self.chunk = chunk

    def keep(self, array: Floats, before: Floats | None) -> Floats:
        """Return the kept rows, `(kept, *shape)`, with those of the chunk's array added."""
        if before is None:
            before = np.empty((len(self._kept), *array.shape[1:]), array.dtype)
        start, stop = self.chunk.start, self.chunk.stop
        here = (start <= self._kept) & (self._kept < stop)
        before[here] = array[self._kept[here] - start]
        return before

    def record(self, array: Floats, before: Recorded | None) -> Recorded:
        """Return what is recorded of the batch's rows, with those of the chunk's array added."""
        shaped = array.reshape(len(array), -1)
        share = shaped.sum(axis=0, dtype=np.float64).reshape(array.shape[1:]) / self._rows
        nonzero = np.count_nonzero(shaped, axis=0).reshape(array.shape[1:])
        if before is None:
            return Recorded(self.keep(array, None), share, nonzero)
        rows = self.keep(array, before.rows)
        return Recorded(rows, before.mean + share, before.nonzero + nonzero)


class LayerRecorder:
    """Records inputs, outputs and their gradients of one layer.

    Args:
        layer: the layer; it is observed from now on.
        rows: selects the rows.
    """

    def __init__(self, layer: Layer, rows: RowRecorder) -> None:
        self._layer, self._rows = layer, rows
        self._found: dict[str, Recorded] = {}
        self._inverse_std: Floats | None = None
        hook(layer, "forward", before=self._keep("inputs"), after=self._end_forward)
        hook(layer, "backward", before=self._keep("output_gradient"), after=self._end_backward)

    def _keep(self, name: str) -> Callable[[Floats], None]:
        def keep(array: Floats) -> None:
            if self._rows.is_open:
                self._found[name] = self._rows.record(array, self._found.get(name))

        return keep

    def _end_forward(self, y: Floats) -> None:
        self._keep("outputs")(y)
        if isinstance(self._layer, Dropout):
            self._keep("mask")(self._layer.mask)
        if self._rows.is_open:
            self._keep_inverse_std()

    def _keep_inverse_std(self) -> None:
        match self._layer:
            case BatchNormalization(is_frozen=False):
                self._inverse_std = self._layer.inverse_std.copy()
            case LayerNormalization():
                self._inverse_std = self._rows.keep(self._layer.inverse_std, self._inverse_std)
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
        self._step, self._shares = step, shares
        self._rows = RowRecorder(kept, len(shares))
        self.stages: dict[str, Floats] = {"before": step.network.parameters.copy()}
        self.evaluations = 0
        self.row_losses = np.full(len(shares), np.nan, step.network.parameters.dtype)
        self.loss = 0.0
        self.outputs: Recorded | None = None
        self.output_gradient: Recorded | None = None
        self.prediction_gradient: Recorded | None = None
        self.slots_before = copy_arrays(state_arrays(step))
        self._layers = [
            LayerRecorder(layer, self._rows)
            for layer in walk(iter(step.network.layers))
            if not isinstance(layer, Copy)
        ]
        self._observe()

    def _observe(self) -> None:
        step = self._step
        hook(step.passes, "begin_chunk", before=self._rows.begin_chunk)
        hook(step.loss, "forward", before=self._count, after=self._end_loss)
        hook(step.loss, "backward", after=self._end_loss_backward)
        if isinstance(step.loss, ErrorLoss):
            hook(step.loss.activation, "backward", before=self._keep_prediction_gradient)
        hook(step.passes, "run", after=lambda _: self._keep_gradients("loss_gradient"))
        hook(step, "clip", before=lambda _: self._keep_gradients("gradient"))
        hook(step.optimizer, "update", before=self._begin_update, after=self._end_update)

    def _count(self, *_: object) -> None:
        # The line search evaluates all chunks of a batch.
        self.evaluations += not self._rows.is_open and not self._rows.chunk.start

    def _end_loss(self, loss: float) -> None:
        if self._rows.is_open:
            self.loss += loss
            self.row_losses[self._rows.chunk] = self._step.loss.row_losses
            self.outputs = self._rows.record(self._step.loss.outputs, self.outputs)

    def _end_loss_backward(self, gradient: Floats) -> None:
        if self._rows.is_open:
            self.output_gradient = self._rows.record(gradient, self.output_gradient)

    def _keep_prediction_gradient(self, _: Floats, gradient: Floats) -> None:
        if self._rows.is_open:
            own = gradient * self._shares[self._rows.chunk, np.newaxis]
            self.prediction_gradient = self._rows.record(own, self.prediction_gradient)

    def _keep_gradients(self, name: str) -> None:
        if self._rows.is_open:
            self.stages[name] = self._step.network.gradients.copy()

    def _begin_update(self, *_: object) -> None:
        self._keep_gradients("clipped")
        self._rows.is_open = False

    def _end_update(self, _: None) -> None:
        self.stages["moved"] = self._step.network.parameters.copy()

    @property
    def layers(self) -> tuple[LayerTrace, ...]:
        """The recorded arrays of all layers, in forward order."""
        return tuple(layer.trace for layer in self._layers)
