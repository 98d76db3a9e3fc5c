"""The direction of one step."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.errors import DivergenceError
from engine.explain.hooks import hook
from engine.explain.rate_sweep.results import Method
from engine.optimizers.lbfgs import LbfgsOptimizer
from engine.training.progress import Progress
from engine.training.step_inputs import PARAMETERS, StepInputs, build_train_step
from engine.training.train_step import NoMetrics, TrainStep


@dataclass(frozen=True)
class Direction:
    """The update of a step, `rate` · d, and the gradient of the objective; float64."""

    method: Method
    rate: float
    update: NDArray[np.float64]
    gradient: NDArray[np.float64]


def find_direction(inputs: StepInputs) -> Direction:
    """Run the step; return its update before max_norm."""
    step = build_train_step(inputs)
    found: dict[str, NDArray[np.float64]] = {}
    network = step.network

    def keep(name: str, array: Floats) -> None:
        found.setdefault(name, array.astype(np.float64))

    hook(step, "clip", before=lambda gradients: keep("gradient", gradients))
    hook(step.optimizer, "update", after=lambda _: keep("moved", network.trained))
    _run(step, inputs)
    before = inputs.arrays[PARAMETERS][: len(network.trained)].astype(np.float64)
    # A loss that is not finite ends the step before its update.
    gradient = found.get("gradient", np.full(len(before), np.nan))
    with np.errstate(all="ignore"):
        update = found.get("moved", gradient) - before
    if isinstance(step.optimizer, LbfgsOptimizer):
        return Direction("line_search", step.optimizer.alpha, update, gradient)
    return Direction("scaled_update", step.learning_rate, update, gradient)


def _run(step: TrainStep, inputs: StepInputs) -> None:
    progress = Progress(epoch=inputs.epoch, step=inputs.step_in_epoch, steps_done=inputs.step)
    with np.errstate(all="ignore"), suppress(DivergenceError):
        step.run(inputs.batch, progress, NoMetrics(), is_last=False)
