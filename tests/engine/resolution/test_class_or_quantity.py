"""A target of whole numbers is classes or a quantity, and the alternative is reported."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn, count_rows
from engine.findings import Finding, patch
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from tests.engine.examples import describe, draw, levels, numbers, truths


def ask(target: Column, **request: Any) -> tuple[str, set[str]]:
    """Return the task and the codes of findings about it."""
    rows = len(target.values if isinstance(target, NumericColumn) else target.codes)
    columns: dict[str, Column] = {"x": numbers(*(row * 0.37 % 1 for row in range(rows)))}
    spec = TrainingSpec.model_validate({"target": "y", "validation": None, **request})
    resolution = resolve(spec, describe({**columns, "y": target}))
    return resolution.spec.task, {f.code for f in resolution.findings if f.pointer == "/task"}


def repeat(values: list[float], rows: int) -> NumericColumn:
    return numbers(*(values[row % len(values)] for row in range(rows)))


CLASSES = ("classification", {"numbers_as_classes"})
QUANTITY = ("regression", {"numbers_as_quantity"})
SILENT = ("regression", set[str]())


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (repeat([0, 1], 4), CLASSES),
        (numbers(0, 1, 1), CLASSES),
        (repeat([-1, 1], 4), CLASSES),
        (repeat([3, 9], 4), CLASSES),
        (repeat([0, 1, 2], 27), CLASSES),
        (repeat([1, 2, 3], 9), CLASSES),
        (repeat([0, 1, 2], 8), QUANTITY),
        (numbers(1, 2, 3), QUANTITY),
        (repeat([10, 20, 30], 30), CLASSES),
        (repeat([10, 20, 30], 29), QUANTITY),
        (repeat([*range(26)], 1300), CLASSES),
        (repeat([*range(1, 27)], 1300), CLASSES),
        (repeat([*range(26)], 300), QUANTITY),
        (repeat([*range(5, 31)], 1300), QUANTITY),
        (repeat([*range(101)], 5000), QUANTITY),
        (repeat([*range(300)], 400), QUANTITY),
        (repeat([*range(0, 5000, 5)], 1200), QUANTITY),
        (repeat([*range(1001)], 1200), SILENT),
        (numbers(*range(500)), QUANTITY),
        (repeat([0.5, 1.5], 100), SILENT),
        (levels(*"abab"), ("classification", set())),
        (levels(*(str(row % 3) for row in range(30))), ("classification", set())),
        (truths(*([True, False] * 10)), ("classification", set())),
    ],
)
def test_task_of_a_target(target: Column, expected: tuple[str, set[str]]) -> None:
    assert ask(target) == expected


def test_codes_of_unequal_frequency_are_a_quantity() -> None:
    counts = np.random.default_rng(0).binomial(60, 0.2, 4000)
    counts[: counts.max()] = np.arange(counts.max())
    assert ask(NumericColumn(counts.astype(float))) == QUANTITY


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_stated_task_is_not_remarked_upon(task: str) -> None:
    assert ask(repeat([0, 1], 40), task=task) == (task, set())


@pytest.mark.parametrize(
    ("loss", "task"), [("poisson", "regression"), ("cross_entropy", "classification")]
)
def test_a_loss_of_one_task_decides(loss: str, task: str) -> None:
    assert ask(repeat([0, 1, 2], 60), loss=loss) == (task, set())
    assert ask(repeat([*range(3, 28)], 60), loss=loss) == (task, set())


def find_alternative(y: Column, **request: Any) -> Finding:
    columns: dict[str, Column] = {"x": NumericColumn(draw(count_rows(y))), "y": y}
    spec = TrainingSpec.model_validate({"target": "y", **request})
    findings = resolve(spec, describe(columns)).findings
    (finding,) = [finding for finding in findings if finding.pointer == "/task"]
    return finding


def test_classes_need_a_training_row_each_and_a_validation_row() -> None:
    finding = find_alternative(repeat([*range(20)], 21))
    assert finding.code == "numbers_as_quantity"
    assert "20 distinct whole numbers in 21 rows" in finding.detail
    assert "set task to classification" in finding.detail
    assert finding.fix == patch(("add", "/task", "classification"))
    finding = find_alternative(repeat([*range(20)], 20))
    assert finding.fix is None
    assert "20 rows are too few for validation" in finding.detail
    assert find_alternative(repeat([*range(20)], 20), validation=None).fix is not None


@pytest.mark.parametrize(
    ("y", "request_", "reason"),
    [
        (repeat([*range(3, 28)], 100), {"metrics": ["rmse"]}, "rmse"),
        (repeat([0, 1], 40), {"metrics": ["accuracy"]}, "accuracy"),
        (repeat([0, 1], 40), {"class_weight": "balanced"}, "class"),
    ],
)
def test_an_alternative_that_the_request_does_not_allow_is_no_fix(
    y: Column, request_: dict[str, Any], reason: str
) -> None:
    finding = find_alternative(y, **request_)
    assert finding.fix is None
    _, _, why = finding.detail.partition(" is not possible here: ")
    assert reason in why
    assert "set task" not in finding.detail
