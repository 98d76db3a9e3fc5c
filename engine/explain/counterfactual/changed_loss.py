"""Targets of one loss as another takes them."""

import numpy as np

from engine.arrays import Floats, Indices, Targets
from engine.data.split_arrays import Batch
from engine.errors import SpecError, SpecProblem
from engine.losses.build import build_loss, compatible_outputs, takes_class_indices
from engine.specs import BinaryCrossEntropy, Gaussian, Poisson, ResolvedOutput, ResolvedSpec


def convert_targets(
    before: ResolvedSpec, after: ResolvedSpec, in_features: int, batch: Batch
) -> Targets:
    """Return the targets of a batch as the changed loss takes them.

    Classes become one-hot numbers for a loss of numbers, and one-hot numbers become classes.

    Args:
        before: spec of the training.
        after: spec with the changed loss.
        in_features: number of inputs per row.
        batch: the rows, with targets as the loss of the training takes them.

    Raises:
        SpecError: the loss does not take the network's outputs, or these targets.
    """
    if after.loss == before.loss:
        return batch.y
    output = after.network_for(in_features).output
    _check_output(after, output)
    y = _convert(before, after, output, batch.y)
    _check_targets(after, output, y)
    return y


def _check_output(spec: ResolvedSpec, output: ResolvedOutput) -> None:
    possible = compatible_outputs(spec.loss)
    if output.activation not in possible:
        needed = " or ".join(possible)
        _reject(
            "loss_and_output", f"{spec.loss.type} needs a {needed} output, not {output.activation}"
        )
    try:
        build_loss(spec.loss, output, np.dtype(spec.dtype))
    except ValueError as error:
        raise SpecError([SpecProblem("/loss", "wrong_units", str(error))]) from error


def _convert(
    before: ResolvedSpec, after: ResolvedSpec, output: ResolvedOutput, y: Targets
) -> Targets:
    had_classes, takes_classes = (takes_class_indices(one.loss) for one in (before, after))
    if had_classes == takes_classes:
        return y
    if had_classes:
        one_hot: Floats = np.eye(output.units, dtype=after.dtype)[y]
        return one_hot
    is_one_hot = y.shape[1] == output.units and bool(((y == 0) | (y == 1)).all())
    if not is_one_hot or not (y.sum(axis=1) == 1).all():
        _reject("loss_and_task", f"{after.loss.type} needs one class per row as its target")
    classes: Indices = np.argmax(y, axis=1)
    return classes


def _check_targets(spec: ResolvedSpec, output: ResolvedOutput, y: Targets) -> None:
    if takes_class_indices(spec.loss):
        return
    width = output.units // 2 if isinstance(spec.loss, Gaussian) else output.units
    if y.shape[1] != width:
        detail = f"{spec.loss.type} with {output.units} outputs needs {width} targets per row"
        _reject("wrong_units", f"{detail}, not {y.shape[1]}")
    if isinstance(spec.loss, BinaryCrossEntropy) and ((y < 0) | (y > 1)).any():
        _reject("target_out_of_range", "binary_cross_entropy needs targets between 0 and 1")
    if isinstance(spec.loss, Poisson) and (y < 0).any():
        _reject("target_out_of_range", "poisson needs targets that are not negative")


def _reject(code: str, detail: str) -> None:
    raise SpecError([SpecProblem("/loss", code, detail)])
