"""The start of a training, from which each check takes its own network and rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats
from engine.data.batches import count_steps
from engine.data.split_arrays import Batch
from engine.layers.build import build_layers
from engine.layers.chunks import chunk_rows
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedOutput, ResolvedSpec
from engine.training.progress import Progress
from engine.training.train_step import NoMetrics, TrainStep

# Rows that pass through any network together, as those of a batch do.
_LEAST_ROWS = 32


@dataclass(frozen=True)
class TrainingStart:
    """Spec, prepared data and initial weights of a training; a check alters none of them.

    Attributes:
        spec: the training's spec.
        data: the prepared data.
        weights: initial weights by name; None for new ones.
    """

    spec: ResolvedSpec
    data: PreparedData
    weights: Mapping[str, Floats] | None = None

    @property
    def output(self) -> ResolvedOutput:
        """The output layer for the fitted number of inputs."""
        return self.spec.network_for(self.data.preprocessing.width).output

    def new_step(self, spec: ResolvedSpec | None = None) -> TrainStep:
        """Return a step with a network of the initial weights.

        Args:
            spec: a spec of the same layers with other options; None for the training's own.
        """
        spec = spec or self.spec
        steps_per_epoch = max(count_steps(spec, len(self.data.x)), 1)
        step = TrainStep(spec, self.data.preprocessing.width, steps_per_epoch)
        if self.weights is not None:
            step.network.load(self.weights)
        return step

    def sample(self, most_rows: int) -> Batch:
        """Return copies of training rows at equal distances.

        At most `most_rows` rows; in wide networks as many as are evaluated at once, but at least
        those of a small batch.
        """
        split, width = self.data.training, self.data.preprocessing.width
        layers = build_layers(self.spec.network_for(width), width, np.dtype(self.spec.dtype))
        at_once = max(_LEAST_ROWS, chunk_rows(layers, self.spec.dtype))
        count = max(1, min(len(split), most_rows, at_once))
        return split.take(np.linspace(0, len(split) - 1, count).astype(np.intp))


def run_step(step: TrainStep, batch: Batch, progress: Progress) -> float:
    """Run one step; return the loss of the batch before the update.

    Raises:
        DivergenceError: a loss or a weight is no longer finite.
    """
    with np.errstate(all="ignore"):
        step.run(batch, progress, NoMetrics(), is_last=False)
    return step.last_loss
