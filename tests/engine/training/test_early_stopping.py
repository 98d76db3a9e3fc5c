"""Selection of the best epoch, and early stopping."""

from typing import Any

import pytest

from engine.metrics import Metric
from engine.specs import TrainingSpec
from engine.training.early_stopping import EarlyStopping
from engine.training.progress import EpochRecord, Progress
from tests.engine.examples import flower_columns, prepared


def run_epochs(values: list[Metric | None], metric: str, **rule: Any) -> Progress:
    """Return the progress after epochs with these values of the metric; None if undefined."""
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
        stopping.on_epoch_end(progress, EpochRecord(epoch, 1.0, 1.0, metrics, 0.1, 1.0, epoch, ()))
    return progress


def test_errors_get_better_by_falling_and_scores_by_rising() -> None:
    assert run_epochs([0.5, 0.6], "roc_auc").epochs_since_best == 0
    assert run_epochs([0.6, 0.5], "roc_auc").epochs_since_best == 1
    assert run_epochs([0.6, 0.5], "loss", patience=5).epochs_since_best == 0


def test_patience_ends_training_without_improvement() -> None:
    progress = run_epochs([0.9, 0.8, 0.85], "validation_accuracy")
    assert progress.reason == "early_stopping"
    assert progress.best is not None
    assert progress.best["validation_accuracy"] == 0.9


def test_improvement_below_min_delta_does_not_count() -> None:
    assert run_epochs([0.5, 0.55], "accuracy", min_delta=0.1).epochs_since_best == 1
    assert run_epochs([0.5, 0.65], "accuracy", min_delta=0.1).epochs_since_best == 0


def test_reaching_target_value_ends_training() -> None:
    rule = {"patience": None, "target_value": 0.9}
    assert run_epochs([0.5, 0.8], "accuracy", **rule).reason is None
    assert run_epochs([0.5, 0.9], "accuracy", **rule).reason == "target_value"


def test_without_patience_nothing_ends_early() -> None:
    values: list[Metric | None] = [0.5] * 9
    assert run_epochs(values, "accuracy", patience=None, target_value=1.0).reason is None


def test_undefined_metric_is_never_better() -> None:
    assert run_epochs([None, 0.5], "roc_auc").epochs_since_best == 0
    assert run_epochs([0.5, None], "roc_auc").epochs_since_best == 1


@pytest.mark.parametrize("count", [9, 10])
def test_last_epoch_completes_training(count: int) -> None:
    values: list[Metric | None] = [0.1 * n for n in range(count)]
    assert run_epochs(values, "accuracy").reason == ("completed" if count == 10 else None)
