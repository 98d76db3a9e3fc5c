"""Selected and monitored metrics."""

from typing import Any, get_args

import pytest

from engine.specs import ClassMetric, NumberMetric, PlateauSchedule
from tests.engine.resolution.requests import ask


def test_all_selects_the_meaningful_metrics() -> None:
    assert set(get_args(NumberMetric)) == set(ask("size", metrics="all").spec.metrics)
    for target, missing in (("open", {2, 3, 5}), ("color", {3, 5}), ("stars", {5})):
        left_out = {f"top_{k}_accuracy" for k in missing}
        assert set(get_args(ClassMetric)) - set(ask(target, metrics="all").spec.metrics) == left_out


@pytest.mark.parametrize(
    ("target", "metric"),
    [
        ("color", "loss"),
        ("color", "accuracy"),
        ("color", "validation_accuracy"),
        ("size", "validation_r2"),
    ],
)
def test_every_recorded_scalar_can_be_monitored(target: str, metric: str) -> None:
    plateau = {"type": "reduce_on_plateau", "metric": metric}
    spec = ask(target, early_stopping={"metric": metric}, schedule=plateau).spec
    assert isinstance(spec.schedule, PlateauSchedule)
    assert spec.schedule.metric == metric


@pytest.mark.parametrize(
    ("validation", "metric"), [(None, "loss"), ({"fraction": 0.2}, "validation_loss")]
)
def test_plateau_monitors_the_loss_by_default(validation: Any, metric: str) -> None:
    spec = ask(schedule="reduce_on_plateau", validation=validation).spec
    assert isinstance(spec.schedule, PlateauSchedule)
    assert spec.schedule.metric == metric
