"""Which epoch was the best, and which the last."""

from typing import Any

import pytest

from engine.metrics import Metric
from engine.specs import TrainingSpec
from engine.training.early_stopping import EarlyStopping
from engine.training.progress import EpochRecord, Progress
from tests.engine.examples import flower_columns, prepared


def note_all(values: list[Metric | None], metric: str, **rule: Any) -> Progress:
    """The progress after epochs with these values of the metric; None where it is undefined."""
    spec = TrainingSpec.model_validate(
        {
            "target": "kind",
            "epochs": 10,
            "metrics": ["accuracy", "roc_auc"],
            "early_stopping": {"metric": metric, "patience": 2, **rule},
        }
    )
    stopping, progress = EarlyStopping(prepared(spec, flower_columns())[0]), Progress()
    for epoch, value in enumerate(values):
        metrics = {} if value is None else {metric: value}
        stopping.note(progress, EpochRecord(epoch, 1.0, 1.0, metrics, 0.1, 1.0, epoch, ()))
    return progress


def test_errors_get_better_by_falling_and_scores_by_rising() -> None:
    assert note_all([0.5, 0.6], "roc_auc").epochs_since_best == 0
    assert note_all([0.6, 0.5], "roc_auc").epochs_since_best == 1
    assert note_all([0.6, 0.5], "loss", patience=5).epochs_since_best == 0


def test_patience_ends_what_does_not_get_better() -> None:
    progress = note_all([0.9, 0.8, 0.85], "validation_accuracy")
    assert progress.reason == "early_stopping"
    assert progress.best is not None
    assert progress.best["validation_accuracy"] == 0.9


def test_a_gain_of_less_than_min_delta_is_none() -> None:
    assert note_all([0.5, 0.55], "accuracy", min_delta=0.1).epochs_since_best == 1
    assert note_all([0.5, 0.65], "accuracy", min_delta=0.1).epochs_since_best == 0


def test_a_target_that_is_reached_ends_it() -> None:
    rule = {"patience": None, "target_value": 0.9}
    assert note_all([0.5, 0.8], "accuracy", **rule).reason is None
    assert note_all([0.5, 0.9], "accuracy", **rule).reason == "target_value"


def test_without_patience_nothing_ends_early() -> None:
    values: list[Metric | None] = [0.5] * 9
    assert note_all(values, "accuracy", patience=None, target_value=1.0).reason is None


def test_an_undefined_metric_is_no_better_than_any() -> None:
    assert note_all([None, 0.5], "roc_auc").epochs_since_best == 0
    assert note_all([0.5, None], "roc_auc").epochs_since_best == 1


@pytest.mark.parametrize("count", [9, 10])
def test_the_last_epoch_completes_it(count: int) -> None:
    values: list[Metric | None] = [0.1 * n for n in range(count)]
    assert note_all(values, "accuracy").reason == ("completed" if count == 10 else None)
