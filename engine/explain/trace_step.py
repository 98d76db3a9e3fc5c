"""Run one training step and return all of its numbers."""

from collections.abc import Sequence

import numpy as np

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.explain.recorder import StepRecorder
from engine.explain.step_trace import ParameterTrace, StepTrace
from engine.layers.base import walk
from engine.numerics.norms import euclidean_norm
from engine.optimizers.lbfgs import LbfgsOptimizer
from engine.specs import ClipByNorm
from engine.training.progress import Progress
from engine.training.state_arrays import copy_arrays
from engine.training.step_inputs import (
    OPTIMIZER,
    PARAMETERS,
    StepInputs,
    build_train_step,
    state_arrays,
)
from engine.training.train_step import NoMetrics, TrainStep

# Rows whose values are kept; means and counts are those of the whole batch.
MAX_KEPT_ROWS = 256
_GRADIENTS = ("loss_gradient", "gradient", "clipped")


def trace_step(inputs: StepInputs, kept: Sequence[int] | None = None) -> StepTrace:
    """Run a training step on copies, and return all of its numbers, with the bits of training.

    Args:
        inputs: state and batch before the step; they stay as they are.
        kept: positions in the batch of the rows to keep; by default the first MAX_KEPT_ROWS.

    Raises:
        IndexError: the batch has no row at a position.
    """
    rows = len(inputs.batch.x)
    positions = np.arange(min(rows, MAX_KEPT_ROWS)) if kept is None else np.asarray(kept, np.intp)
    step = build_train_step(inputs)
    penalty = step.penalties.value()
    shares = _shares(inputs)
    recorder = StepRecorder(step, positions, shares)
    diverged_in = _run(step, inputs)
    gradient, optimizer = recorder.stages.get("gradient"), step.optimizer
    norm = None if gradient is None else euclidean_norm(gradient)
    assert recorder.outputs is not None  # noqa: S101 - the forward pass does not raise
    parameters, after = _parameters(step, recorder), copy_arrays(state_arrays(step))
    loss_after, row_losses_after = _repeat(step, inputs) if diverged_in is None else (None, None)
    return StepTrace(
        inputs=inputs,
        kept=positions,
        learning_rate=step.learning_rate,
        loss=recorder.loss,
        penalty=penalty,
        row_losses=recorder.row_losses,
        loss_after=loss_after,
        row_losses_after=row_losses_after,
        shares=shares,
        outputs=recorder.outputs,
        output_gradient=recorder.output_gradient,
        prediction_gradient=recorder.prediction_gradient,
        layers=recorder.layers,
        parameters=parameters,
        gradient_norm=norm,
        clip_factor=_clip_factor(inputs, norm),
        evaluations=recorder.evaluations,
        step_length=optimizer.alpha if isinstance(optimizer, LbfgsOptimizer) else None,
        diverged_in=diverged_in,
        after=after,
    )


def _run(step: TrainStep, inputs: StepInputs) -> str | None:
    """Run the step; return the layer in which a value is not finite, or None."""
    progress = Progress(epoch=inputs.epoch, step=inputs.step_in_epoch, steps_done=inputs.step)
    try:
        with np.errstate(all="ignore"):
            step.run(inputs.batch, progress, NoMetrics(), is_last=False)
    except DivergenceError as error:
        return error.layer
    return None


def _repeat(step: TrainStep, inputs: StepInputs) -> tuple[float, Floats]:
    """Return the losses of the batch, and of its rows, with the new weights and the same masks."""
    losses = np.empty(len(inputs.batch.x), step.network.parameters.dtype)

    def keep(rows: slice, _chunk: Batch, _loss: float, _logits: Floats) -> None:
        losses[rows] = step.loss.row_losses

    with np.errstate(all="ignore"):
        return step.passes.forward(inputs.batch, keep), losses


def _shares(inputs: StepInputs) -> Floats:
    """Return the share of each row in the loss of the batch, `(batch,)`."""
    rows = len(inputs.batch.x)
    weights = inputs.batch.weights
    return np.full(rows, 1 / rows) if weights is None else weights / rows


def _clip_factor(inputs: StepInputs, norm: float | None) -> float:
    clip = inputs.spec.gradient_clip
    if not isinstance(clip, ClipByNorm) or norm is None or norm <= clip.limit:
        return 1.0
    return clip.limit / norm


def _parameters(step: TrainStep, recorder: StepRecorder) -> tuple[ParameterTrace, ...]:
    """Split the flat vectors of all stages into the named parameters."""
    network, stages = step.network, recorder.stages
    before, after = network.views(stages["before"]), network.named_parameters()
    moved = network.views(stages["moved"]) if "moved" in stages else {}
    gradients = {name: network.trained_views(stages[name]) for name in stages if name in _GRADIENTS}
    slots = [
        {
            name.removeprefix(OPTIMIZER): network.trained_views(array)
            for name, array in arrays.items()
            if name != PARAMETERS and array.shape == network.trained.shape
        }
        for arrays in (recorder.slots_before, state_arrays(step))
    ]
    return tuple(
        ParameterTrace(
            name=name,
            layer=layer.name,
            is_frozen=layer.is_frozen,
            is_state=name in layer.state_shapes(),
            penalty=layer.penalty,
            before=before[name],
            **{stage: gradients.get(stage, {}).get(name) for stage in _GRADIENTS},
            slots_before={slot: views[name] for slot, views in slots[0].items() if name in views},
            slots_after={
                slot: views[name].copy() for slot, views in slots[1].items() if name in views
            },
            moved=moved.get(name),
            after=after[name].copy(),
        )
        for layer in walk(iter(network.layers))
        if not any(layer.children())
        for name in (*layer.parameter_shapes(), *layer.state_shapes())
    )
