"""Findings about the result of a training that has ended without an error."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from engine.data.rows import Rows
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
        found.append(accuracy_at_chance(values, data, len(target.classes), epochs))
    if change.is_far_above:
        found.append(loss_above_start(spec, change, search(), epochs))
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
    fix = None
    if search.found is not None:
        optimizer = spec.optimizer.model_copy(update={"learning_rate": search.found})
        fix = patch(("add", "/optimizer", optimizer.model_dump(mode="json")))
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, "loss_above_start", detail, fix, epochs)


def accuracy_at_chance(
    values: Mapping[str, Metric], data: PreparedData, classes: int, epochs: int
) -> Finding | None:
    """Return the finding that the most frequent class alone would be as accurate; None if not.

    Chance is the share p of the most frequent class and one standard error √(p (1 − p) / rows).

    Args:
        values: final metrics by name; the accuracy on the validation rows counts, if there are any.
        data: the prepared data.
        classes: number of classes.
        epochs: completed epochs.
    """
    y, which = data.y_validation, "validation"
    accuracy = values.get("validation_accuracy")
    if y is None:
        y, which, accuracy = data.y, "training", values.get("accuracy")
    share = _share_of_the_most_frequent(y, classes)
    most = share + math.sqrt(share * (1 - share) / len(y))
    if not isinstance(accuracy, float) or accuracy > most or most >= 1:
        return None
    is_imbalanced = share * classes > _FREQUENT
    advice = (
        "compare balanced_accuracy or roc_auc, or set class_weight to balanced"
        if is_imbalanced
        else "check epochs, learning rate, features and target"
    )
    detail = (
        f"the accuracy on the {len(y)} {which} rows is {accuracy:.4g}, and the most frequent class "
        f"has {share:.4g} of them: within one standard error, always predicting it would do at "
        f"least as well; {advice}"
    )
    fix = patch(("add", "/class_weight", "balanced")) if is_imbalanced else None
    return Finding("warning", "/metrics", "accuracy_at_chance", detail, fix, epochs)


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
