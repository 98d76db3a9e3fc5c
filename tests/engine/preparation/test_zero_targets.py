"""Targets of 0, by which mape cannot divide."""

import pytest

from engine.data.table import Column
from engine.findings import Finding
from engine.specs import TrainingSpec
from tests.engine.examples import array, levels, numbers, prepared

PARTS = levels("train", "train", "train", "test", "test")


def findings(*y: float, **options: object) -> tuple[Finding, ...]:
    columns: dict[str, Column] = {"x": numbers(*range(5)), "y": numbers(*y), "part": PARTS}
    asked = {"metrics": ["mae", "mape"], "validation": {"column": "part"}, **options}
    spec = {"target": "y", "task": "regression", "features": ["x"], **asked}
    found = prepared(TrainingSpec.model_validate(spec), columns)[1].findings
    return tuple(finding for finding in found if finding.code == "zero_targets_in_mape")


def test_rows_are_counted_per_split() -> None:
    (found,) = findings(0, 2, 0, 4, 0)
    assert (found.level, found.pointer, found.code) == ("info", "/metrics", "zero_targets_in_mape")
    assert "0 in 2 of 3 training rows and 1 of 2 validation rows:" in found.detail


def test_a_split_without_mape_is_a_warning() -> None:
    (found,) = findings(1, 2, 0, 0, 0)
    assert found.level == "warning"
    assert "undefined for the validation rows" in found.detail


def test_without_validation_only_training_rows_are_counted() -> None:
    (found,) = findings(0, 2, 3, 4, 5, validation=None)
    assert "0 in 1 of 5 training rows:" in found.detail


@pytest.mark.parametrize("options", [{"metrics": ["mae"]}, {"metrics": ["rmse", "r2"]}])
def test_other_metrics_count_rows_of_0(options: dict[str, object]) -> None:
    assert findings(0, 2, 0, 4, 0, **options) == ()


def test_no_target_of_0_is_no_finding() -> None:
    assert findings(1, 2, 3, 4, 5e-324) == ()


def test_mape_has_the_tables_values_in_float64() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3), "y": numbers(1e10, 1.1, 3)}
    spec = {"target": "y", "task": "regression", "validation": None, "features": ["x"]}
    _, data = prepared(TrainingSpec.model_validate({**spec, "metrics": ["mape"]}), columns)
    assert array(data.values).tolist() == [[1e10], [1.1], [3.0]]
    assert prepared(TrainingSpec.model_validate(spec), columns)[1].values is None
