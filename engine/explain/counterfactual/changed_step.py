"""The inputs of a step after a change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.errors import SpecError, SpecProblem
from engine.explain.counterfactual.changed_loss import convert_targets
from engine.explain.counterfactual.results import StateKept
from engine.explain.explanation.slots import slot_factors
from engine.resolution.optimization import check_optimization
from engine.resolution.report import Report
from engine.specs import OptimizerSpec, ResolvedSpec
from engine.specs.step_change import StepChange
from engine.training.state_arrays import copy_arrays
from engine.training.step_inputs import OPTIMIZER, PARAMETERS, StepInputs, state_arrays
from engine.training.train_step import TrainStep


@dataclass(frozen=True)
class ChangedStep:
    """A step after a change.

    Attributes:
        inputs: the changed step.
        learning_rate: its learning rate; None for that of its schedule.
        optimizer_state: how much of the state was kept; a new optimizer counts its steps from 1.
    """

    inputs: StepInputs
    learning_rate: float | None = None
    optimizer_state: StateKept = "kept"


def change_step(inputs: StepInputs, change: StepChange, batch: Batch | None) -> ChangedStep:
    """Return the changed step; the given one stays as it is.

    Args:
        inputs: the step.
        change: what to change; `batch_size` is the caller's, who provides the batch.
        batch: other rows, with targets as the loss of the training takes them; None for its own.

    Raises:
        SpecError: the change does not fit the training, or there is none.
    """
    if not change.fields and batch is None:
        detail = f"change at least one of {', '.join(StepChange.model_fields)}, or the rows"
        raise SpecError([SpecProblem("", "no_change", detail)])
    spec = change_spec(inputs.spec, change)
    rows = inputs.batch if batch is None else batch
    _require_normalizable(spec, rows)
    y = convert_targets(inputs.spec, spec, inputs.in_features, rows)
    arrays, kept = _convert_state(inputs, spec)
    changed = replace(
        inputs,
        spec=spec,
        batch=rows._replace(y=y),
        positions=inputs.positions if batch is None else None,
        arrays=arrays,
    )
    return ChangedStep(changed, change.learning_rate, kept)


def change_spec(spec: ResolvedSpec, change: StepChange) -> ResolvedSpec:
    """Return the changed spec. Raises SpecError."""
    update = {
        "optimizer": change.optimizer or spec.optimizer,
        "loss": change.loss or spec.loss,
        "gradient_clip": spec.gradient_clip,
        # One step has one batch.
        "batch_size": "full",
    }
    if change.gradient_clip is not None:
        update["gradient_clip"] = None if change.gradient_clip == "none" else change.gradient_clip
    changed = spec.model_copy(update=update)
    report = Report()
    check_optimization(changed, report)
    if report.problems:
        raise SpecError(report.problems)
    return changed


def _require_normalizable(spec: ResolvedSpec, batch: Batch) -> None:
    if spec.network.normalizes_batches and len(batch.x) == 1:
        detail = "batch normalization needs at least two rows, there is one"
        raise SpecError([SpecProblem("/rows", "batch_normalization_single_row", detail)])


def _convert_state(
    inputs: StepInputs, spec: ResolvedSpec
) -> tuple[Mapping[str, Floats], StateKept]:
    """Return the arrays of the changed step, and how much of the optimizer's state they keep."""
    before = inputs.spec.optimizer
    if spec.optimizer == before:
        return inputs.arrays, "kept"
    step = TrainStep(spec, inputs.in_features, inputs.steps_per_epoch)
    arrays = copy_arrays(state_arrays(step)) | {PARAMETERS: inputs.arrays[PARAMETERS]}
    slots = [name for name in arrays if name.startswith(OPTIMIZER)]
    if type(spec.optimizer) is not type(before):
        return arrays, "new"
    kept = [name for name in slots if _is_alike(arrays[name], inputs.arrays.get(name))]
    for name in kept:
        factor = _factor(before, name) / _factor(spec.optimizer, name)
        arrays[name] = inputs.arrays[name] * arrays[name].dtype.type(factor)
    if len(kept) == len(slots):
        return arrays, "kept"
    return arrays, "partly_kept" if kept else "new"


def _is_alike(one: Floats, other: Floats | None) -> bool:
    return other is not None and one.shape == other.shape and one.dtype == other.dtype


def _factor(optimizer: OptimizerSpec, array: str) -> float:
    """Return the factor from a stored array to the value of the formula's symbol."""
    _, factor = slot_factors(optimizer).get(array.removeprefix(OPTIMIZER), ("", 1.0))
    return factor
