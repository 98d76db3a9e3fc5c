"""One training step: forward, backward, penalties, clipping, update, divergence check."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.losses.build import build_loss
from engine.network import build_network, initialize_network
from engine.optimizers.build import build_optimizer
from engine.schedules import build_schedule
from engine.specs import ResolvedSpec
from engine.training.batch_pass import BatchPass, OnForward
from engine.training.gradient_clipping import build_clip
from engine.training.layer_diagnostics import LayerDiagnostics
from engine.training.progress import Progress
from engine.training.regularization import Penalties
from engine.training.stopping import StepAbandonedError, never


class BatchMetrics(Protocol):
    """Accumulates the metrics of batches, see `MetricAccumulator.update`."""

    def update(self, loss: float, outputs: Floats, batch: Batch) -> None:
        """Add a batch, or a chunk of one."""
        ...


class NoMetrics:
    """Ignores the batches: no metric is computed."""

    def update(self, loss: float, outputs: Floats, batch: Batch) -> None:
        """Do nothing."""


class TrainStep:
    """A network with its loss, penalties, clipping, schedule and optimizer.

    Attributes:
        network: network to train.
        loss: loss of a batch.
        passes: forward and backward passes of a batch.
        penalties: l1, l2 and max-norm of the weights.
        clip: clips the gradients in place.
        optimizer: optimizer with its state.
        schedule: learning-rate schedule.
        diagnostics: per-layer diagnostics of each epoch's last step.
        learning_rate: learning rate of the last step.
        last_loss: loss of its batch before the update; NaN before the first step.

    Args:
        spec: the training's spec.
        in_features: number of inputs.
        steps_per_epoch: number of steps per epoch.
        has_weights: whether the caller writes all parameters; they are not initialized then.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        in_features: int,
        steps_per_epoch: int,
        *,
        has_weights: bool = False,
    ) -> None:
        dtype, resolved = np.dtype(spec.dtype), spec.network_for(in_features)
        self.network = build_network(resolved, in_features, dtype, spec.seed)
        if not has_weights:
            initialize_network(self.network, spec.seed)
        self.loss = build_loss(spec.loss, resolved.output, dtype)
        self.passes = BatchPass(self.network, self.loss)
        self.penalties = Penalties(self.network)
        self.clip = build_clip(spec.gradient_clip)
        self.schedule = build_schedule(
            spec.schedule, spec.optimizer.learning_rate, steps_per_epoch, spec.epochs
        )
        self.optimizer = build_optimizer(
            spec.optimizer, self.network.trained, self.network.gradients, self._objective
        )
        self.diagnostics = LayerDiagnostics(self.network)
        self.learning_rate = spec.optimizer.learning_rate
        self.last_loss = math.nan

    def run(
        self,
        batch: Batch,
        progress: Progress,
        tally: BatchMetrics,
        *,
        is_last: bool,
        abandon: Callable[[], bool] = never,
    ) -> None:
        """Run one step and update the progress.

        Args:
            batch: the rows of the step.
            progress: its step counts are incremented.
            tally: accumulates the losses and outputs of the batch's chunks.
            is_last: whether this is the epoch's last step, for which diagnostics are recorded.
            abandon: asked within a long step; True abandons it.

        Raises:
            DivergenceError: a loss or a weight is no longer finite.
            StepAbandonedError: everything but the tally is as it was before the step.
        """
        self._batch = batch
        if len(batch.x) >= self.passes.least_long_rows:
            self._run_or_abandon(batch, progress, tally, abandon, is_last=is_last)
        else:
            self._run(batch, progress, tally, is_last=is_last)
        if not self.network.is_finite():
            raise self.divergence(progress)
        progress.step += 1

    def _run_or_abandon(
        self,
        batch: Batch,
        progress: Progress,
        tally: BatchMetrics,
        abandon: Callable[[], bool],
        *,
        is_last: bool,
    ) -> None:
        states, last_loss = self.network.copy_states(), self.last_loss
        try:
            with self.passes.abandoned_if(abandon):
                self._run(batch, progress, tally, is_last=is_last)
        except StepAbandonedError:
            self.network.load_states(states)
            self.last_loss = last_loss
            raise

    def _run(self, batch: Batch, progress: Progress, tally: BatchMetrics, *, is_last: bool) -> None:
        self.learning_rate = self.schedule.rate(progress.steps_done)
        self.passes.begin_step(progress.steps_done)

        def on_forward(rows: slice, chunk: Batch, loss: float, _logits: Floats) -> None:
            if not math.isfinite(loss):
                raise self.divergence(progress)
            tally.update(loss * (len(batch.x) / len(chunk.x)), self.loss.outputs, chunk)
            if is_last:
                self.diagnostics.record_activations(is_first=not rows.start)

        self.last_loss = self._pass(batch, on_forward)
        if is_last:
            self.diagnostics.record_gradients()
        self.clip(self.network.gradients)
        self.optimizer.update(self.learning_rate, progress.steps_done + 1)
        progress.steps_done += 1
        self.penalties.apply_max_norm()

    def _pass(self, batch: Batch, on_forward: OnForward | None = None) -> float:
        """Return the loss of the batch; write the gradient of the objective."""
        loss = self.passes.run(batch, on_forward)
        if self.penalties:
            self.penalties.add_gradients()
        return loss

    def _objective(self) -> float:
        """Return the objective of the step's batch at the current parameters; update gradients."""
        return self._pass(self._batch) + self.penalties.value()

    def divergence(self, progress: Progress, layer: str | None = None) -> DivergenceError:
        """Return the error for a value that is not finite; by default, find the layer it is in."""
        return DivergenceError(
            progress.epoch,
            progress.step,
            layer or self._diverging_layer(),
            learning_rate=self.learning_rate,
            last_loss=None if math.isnan(self.last_loss) else self.last_loss,
        )

    def _diverging_layer(self) -> str:
        x = self._batch.x
        return self.network.diverging_layer(x, self.passes.rows_at_once(len(x)))
