"""One training step: forward, backward, penalties, clipping, update, divergence check."""

import math
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
from engine.training.gradient_clipping import build_clip
from engine.training.layer_diagnostics import LayerDiagnostics
from engine.training.progress import Progress
from engine.training.regularization import Penalties


class BatchMetrics(Protocol):
    """Accumulates the metrics of batches, see `MetricAccumulator.update`."""

    def update(self, loss: float, outputs: Floats, batch: Batch) -> None:
        """Add a batch."""
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
        penalties: l1, l2 and max-norm of the weights.
        clip: clips the gradients in place.
        optimizer: optimizer with its state.
        schedule: learning-rate schedule.
        diagnostics: per-layer diagnostics of each epoch's last step.
        learning_rate: learning rate of the last step.
    """

    def __init__(self, spec: ResolvedSpec, in_features: int, steps_per_epoch: int) -> None:
        dtype, resolved = np.dtype(spec.dtype), spec.network_for(in_features)
        self.network = build_network(resolved, in_features, dtype, spec.seed)
        initialize_network(self.network, spec.seed)
        self.loss = build_loss(spec.loss, resolved.output, dtype)
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
        self._last_loss: float | None = None

    def run(self, batch: Batch, progress: Progress, tally: BatchMetrics, *, is_last: bool) -> None:
        """Run one step and update the progress.

        Args:
            batch: the rows of the step.
            progress: its step counts are incremented.
            tally: accumulates the batch's loss and outputs.
            is_last: whether this is the epoch's last step, for which diagnostics are recorded.

        Raises:
            DivergenceError: a loss or a weight is no longer finite.
        """
        self._batch = batch
        self.learning_rate = self.schedule.rate(progress.steps_done)
        self.network.begin_step(progress.steps_done)
        loss = self.loss.forward(self.network.forward(batch.x), batch.y, batch.weights)
        if not math.isfinite(loss):
            raise self.divergence(progress)
        self._last_loss = loss
        tally.update(loss, self.loss.outputs, batch)
        if is_last:
            self.diagnostics.record_activations()
        self._backward()
        if is_last:
            self.diagnostics.record_gradients()
        self.clip(self.network.gradients)
        progress.steps_done += 1
        self.optimizer.update(self.learning_rate, progress.steps_done)
        self.penalties.apply_max_norm()
        if not self.network.is_finite():
            raise self.divergence(progress)
        progress.step += 1

    def _backward(self) -> None:
        self.network.backward(self.loss.backward())
        if self.penalties:
            self.penalties.add_gradients()

    def _objective(self) -> float:
        """Return the objective of the step's batch at the current parameters; update gradients."""
        batch = self._batch
        loss = self.loss.forward(self.network.forward(batch.x), batch.y, batch.weights)
        self._backward()
        return loss + self.penalties.value()

    def divergence(self, progress: Progress, layer: str | None = None) -> DivergenceError:
        """Return the error for a value that is not finite; by default, find the layer it is in."""
        return DivergenceError(
            progress.epoch,
            progress.step,
            layer or self.network.diverging_layer(self._batch.x),
            learning_rate=self.learning_rate,
            last_loss=self._last_loss,
        )
