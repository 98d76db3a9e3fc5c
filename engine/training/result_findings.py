"""Findings about the result of a training that has ended without an error."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.data.rows import Rows
from engine.data.table import Level
from engine.findings import Finding, patch
from engine.metrics import Metric
from engine.numerics.blocks import ELEMENTWISE_BLOCK
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.fitted import ClassTarget
from engine.specs import ResolvedSpec
from engine.training.learning_rate import RateSearch
from engine.training.loss_sample import LossChange

# A class is frequent if its share exceeds that of equal classes by this factor.
_FREQUENT = 1.5


def find_in_result(
    spec: ResolvedSpec,
    data: PreparedData,
    values: Mapping[str, Metric],
    change: LossChange,
    epochs: int,
    *,
    search: Callable[[], RateSearch],
) -> tuple[Finding, ...]:
    """Return the findings about the result of a training.

    Args:
        spec: the training's spec.
        data: the prepared data.
        values: losses and metrics of the weights that the training returns.
        change: loss of these weights, and of the initial ones.
        epochs: completed epochs.
        search: searches a learning rate with which the loss decreases.
    """
    found = []
    # Weights make the accuracy that of other shares than the rows'.
    target = data.preprocessing.target
    if isinstance(target, ClassTarget) and data.weights is None:
        found.append(accuracy_at_chance(spec, values, data, target.classes, epochs))
    if change.is_far_above:
        found.append(loss_above_start(spec, change, search(), epochs))
    else:
        loss = values.get("validation_loss")
        if isinstance(loss, float) and change.has_exploded(loss):
            found.append(validation_loss_above_start(spec, loss, change, search(), epochs))
    return tuple(finding for finding in found if finding is not None)


def loss_above_start(
    spec: ResolvedSpec, change: LossChange, search: RateSearch, epochs: int
) -> Finding:
    """Return the finding that the loss ended far above that of the initial weights.

    Args:
        spec: the training's spec.
        change: the losses.
        search: search for a learning rate with which it does not.
        epochs: completed epochs.
    """
    detail = (
        f"the loss is {change.highest:.4g} after {epochs} epochs; it was {change.start:.4g} before "
        f"the first step (without penalties, on the same training rows): the learning rate "
        f"{spec.optimizer.learning_rate:g} is too high; {search.advice}"
    )
    fix = None if search.found is None else _use_rate(spec, search.found)
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, "loss_above_start", detail, fix, epochs)


def validation_loss_above_start(
    spec: ResolvedSpec, loss: float, change: LossChange, search: RateSearch, epochs: int
) -> Finding:
    """Return the finding that new rows are predicted far worse than by the initial weights.

    Args:
        spec: the training's spec.
        loss: validation loss of the weights that the training returns.
        change: the training losses.
        search: search for a learning rate with which it is lower.
        epochs: completed epochs.
    """
    detail = (
        f"the validation loss is {loss:.4g} after {epochs} epochs; the loss was {change.start:.4g} "
        "before the first step, so the validation rows are predicted worse than without training"
    )
    fix = None
    if search.found is not None:
        fix = _use_rate(spec, search.found)
        detail += f": the learning rate {spec.optimizer.learning_rate:g} is too high"
    detail += f"; {search.advice}"
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, "validation_loss_above_start", detail, fix, epochs)


def _use_rate(spec: ResolvedSpec, rate: float) -> dict[str, Any]:
    optimizer = spec.optimizer.model_copy(update={"learning_rate": rate})
    return patch(("add", "/optimizer", optimizer.model_dump(mode="json")))


def accuracy_at_chance(
    spec: ResolvedSpec,
    values: Mapping[str, Metric],
    data: PreparedData,
    classes: Sequence[Level],
    epochs: int,
) -> Finding | None:
    """Return the finding that the most frequent class alone would be as accurate; None if not.

    Chance is the share p of the most frequent class and one standard error √(p (1 − p) / rows).

    Args:
        spec: the training's spec.
        values: final metrics by name; the accuracy on the validation rows counts, if there are any.
        data: the prepared data.
        classes: the classes.
        epochs: completed epochs.
    """
    y, which = data.y_validation, "validation"
    accuracy = values.get("validation_accuracy")
    if y is None:
        y, which, accuracy = data.y, "training", values.get("accuracy")
    share = _share_of_the_most_frequent(y, len(classes))
    most = share + math.sqrt(share * (1 - share) / len(y))
    if not isinstance(accuracy, float) or accuracy > most or most >= 1:
        return None
    advice = (
        "compare balanced_accuracy or roc_auc, or set class_weight to balanced"
        if share * len(classes) > _FREQUENT
        else "check epochs, learning rate, features and target"
    )
    fix = _as_quantity(spec, classes)
    if fix is not None:
        advice += "; if the numbers are a quantity, set task to regression"
    detail = (
        f"the accuracy on the {len(y)} {which} rows is {accuracy:.4g}, and the most frequent class "
        f"has {share:.4g} of them: within one standard error, always predicting it would do at "
        f"least as well; {advice}"
    )
    return Finding("warning", "/metrics", "accuracy_at_chance", detail, fix, epochs)


def _as_quantity(spec: ResolvedSpec, classes: Sequence[Level]) -> dict[str, Any] | None:
    """Return the fix that predicts whole-number classes as a quantity; None if they are not."""
    are_numbers = all(isinstance(label, int) and not isinstance(label, bool) for label in classes)
    if not are_numbers or len(classes) <= 2 or spec.metrics != ("accuracy",):
        return None
    return patch(("add", "/task", "regression"), ("add", "/loss", "mean_squared_error"))


def _share_of_the_most_frequent(y: Rows, classes: int) -> float:
    """Return the share of a class.

    Args:
        y: class indices `(rows,)`, indicators `(rows, classes)`, or those of the second of two
            classes, `(rows, 1)`.
        classes: number of classes.
    """
    counts = np.zeros(classes)
    for start in range(0, len(y), ELEMENTWISE_BLOCK):
        part = y[start : start + ELEMENTWISE_BLOCK]
        if part.ndim == 1:
            counts += np.bincount(part, minlength=classes)
        elif part.shape[1] == classes:
            counts += part.sum(axis=0, dtype=np.float64)
        else:
            ones = float(part.sum(dtype=np.float64))
            counts += [len(part) - ones, ones]
    return float(counts.max()) / len(y)
