"""The inputs of a step from its spec, rows and targets, and optionally its state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from engine.arrays import Floats, Targets
from engine.data.similar_words import find_similar
from engine.data.split_arrays import Batch
from engine.explain.explanation.slots import slot_factors
from engine.explain.single_step.arrays import read_array, reject
from engine.explain.single_step.resolve import resolve_step
from engine.losses.build import takes_class_indices
from engine.resolution.embeddings import tables_in
from engine.specs import BinaryCrossEntropy, Gaussian, Lbfgs, Poisson, ResolvedSpec
from engine.specs.step import StepSpec
from engine.training.state_arrays import copy_arrays
from engine.training.step_inputs import OPTIMIZER, StepInputs, state_arrays
from engine.training.train_step import TrainStep

MAX_SHOWN = 12

Item = TypeVar("Item")


@dataclass(frozen=True)
class GivenStep:
    """A step as numbers; arrays are nested lists.

    Attributes:
        rows: inputs of each row.
        targets: a number, a list of numbers, or the index of a class per row.
        row_weights: weight of each row in the loss; None for equal ones.
        weights: parameters by name; the others are initialized by the seed.
        optimizer_state: arrays of the optimizer by the symbol of its formula, such as `m`, and by
            parameter; the others are 0.
        step: index of the step, from 0.
    """

    rows: Sequence[Sequence[float]]
    targets: Sequence[float | Sequence[float]]
    row_weights: Sequence[float] | None = None
    weights: Mapping[str, object] = field(default_factory=dict)
    optimizer_state: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    step: int = 0


def build_step_inputs(spec: StepSpec, given: GivenStep) -> StepInputs:
    """Return the inputs of a step. Raises SpecError with a pointer to what is wrong."""
    in_features = len(given.rows[0])
    dtype = np.dtype(spec.dtype)
    resolved = resolve_step(spec, in_features, len(given.rows))
    batch = _build_batch(resolved, given, in_features)
    step = TrainStep(resolved, in_features, spec.steps_per_epoch)
    if isinstance(spec.optimizer, Lbfgs):
        _require_rate(step, given.step)
    views = step.network.named_parameters()
    for name, value in given.weights.items():
        target = _find(views, name, "parameter", ("weights", name))
        target[...] = read_array(value, target.shape, dtype, ("weights", name))
    _load_slots(step, resolved, given)
    epoch, step_in_epoch = divmod(given.step, spec.steps_per_epoch)
    return StepInputs(
        spec=resolved,
        in_features=in_features,
        steps_per_epoch=spec.steps_per_epoch,
        batch=batch,
        positions=None,
        arrays=copy_arrays(state_arrays(step)),
        schedule=dict(step.schedule.state),
        step=given.step,
        epoch=epoch,
        step_in_epoch=step_in_epoch,
    )


def _build_batch(spec: ResolvedSpec, given: GivenStep, in_features: int) -> Batch:
    rows, dtype = len(given.rows), np.dtype(spec.dtype)
    x = read_array(given.rows, (rows, in_features), dtype, ("rows",))
    _check_codes(spec, x)
    if len(given.targets) != rows:
        detail = f"there are {len(given.targets)} targets for {rows} rows"
        reject(("targets",), "wrong_shape", detail)
    y = _read_targets(spec, given.targets)
    if given.row_weights is None:
        return Batch(x, y)
    weights = read_array(given.row_weights, (rows,), dtype, ("row_weights",))
    return Batch(x, y, weights)


def _require_rate(step: TrainStep, index: int) -> None:
    """Check that a line search has a first step to try. Raises SpecError."""
    if step.schedule.rate(index) <= 0:
        detail = "the learning rate is 0 there: the schedule has ended; set epochs, or another step"
        reject(("step",), "zero_learning_rate", detail)


def _check_codes(spec: ResolvedSpec, x: Floats) -> None:
    """Check that the inputs of an embedding are codes of its tables. Raises SpecError."""
    for table in tables_in(spec.network):
        codes = x[:, table.position]
        wrong = np.flatnonzero((codes < 0) | (codes >= table.codes) | (codes != np.floor(codes)))
        if wrong.size:
            detail = f"must be a code of the embedding: a whole number from 0 to {table.codes - 1}"
            reject(("rows", int(wrong[0]), table.position), "unknown_code", detail)


def _read_targets(spec: ResolvedSpec, targets: Sequence[object]) -> Targets:
    """Return the targets as the loss takes them. Raises SpecError."""
    loss, units = spec.loss, spec.network.output.units
    if takes_class_indices(loss):
        return np.array([_read_class(value, index, units) for index, value in enumerate(targets)])
    width = units // 2 if isinstance(loss, Gaussian) else units
    # A single target needs no list.
    lists = [value if isinstance(value, list | tuple) else (value,) for value in targets]
    y = read_array(lists, (len(lists), width), np.dtype(spec.dtype), ("targets",))
    highest = 1.0 if isinstance(loss, BinaryCrossEntropy) else np.inf
    lowest = 0.0 if isinstance(loss, BinaryCrossEntropy | Poisson) else -np.inf
    wrong = np.flatnonzero(((y < lowest) | (y > highest)).any(axis=1))
    if wrong.size:
        span = "between 0 and 1" if highest == 1 else "not negative"
        reject(("targets", int(wrong[0])), "target_out_of_range", f"{loss.type} needs one {span}")
    return y


def _read_class(value: object, index: int, classes: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < classes:
        detail = f"must be the index of one of the {classes} classes: 0…{classes - 1}"
        reject(("targets", index), "unknown_class", detail)
    return value


def _load_slots(step: TrainStep, spec: ResolvedSpec, given: GivenStep) -> None:
    """Write given arrays into the optimizer's state. Raises SpecError."""
    trained, arrays = step.network.trained, state_arrays(step)
    slots = {
        symbol: (arrays[f"{OPTIMIZER}{slot}"], factor, "square" in slot)
        for slot, (symbol, factor) in slot_factors(spec.optimizer).items()
        if f"{OPTIMIZER}{slot}" in arrays
    }
    for symbol, values in given.optimizer_state.items():
        path = ("optimizer_state", symbol)
        slot, factor, is_square = _find(slots, symbol, "state of the optimizer", path)
        views = step.network.trained_views(slot)
        for name, value in values.items():
            here = (*path, name)
            target = _find(views, name, "trained parameter", here)
            target[...] = read_array(value, target.shape, trained.dtype, here) / factor
            if is_square and (target < 0).any():
                reject(here, "negative_square", f"{symbol} is a mean of squares: at least 0")


def _find(known: Mapping[str, Item], name: str, noun: str, path: Sequence[str]) -> Item:
    """Return the item of this name. Raises SpecError naming the known ones."""
    if name not in known:
        similar = find_similar(name, known)
        listed = ", ".join([*known][:MAX_SHOWN]) or "none"
        hint = f"did you mean {similar[0]}?" if similar else f"there are: {listed}"
        reject(path, "unknown_name", f"there is no {noun} {name[:80]!r}; {hint}")
    return known[name]
