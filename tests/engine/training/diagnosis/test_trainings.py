"""Diagnosis of trainings: those that show a condition, and healthy ones."""

import csv
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cli.demo.demo import JOB
from cli.demo.digits import TARGET
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.findings import Finding
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.diagnosis.rules import RULES, RULES_BY_CODE
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, flower_columns, levels, line_columns, prepared, start
from tests.engine.finding_examples import EXAMPLES
from tests.servers import ROOT

CODES = tuple(rule.code for rule in RULES)
LINE = {"target": "y", "network": {"layers": []}, "optimizer": "sgd"}


def iris_like(seed: int) -> dict[str, Column]:
    """Three kinds of flowers with means and deviations as in Fisher's iris."""
    kinds = np.arange(150) % 3
    means = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
    spread = np.array([[0.35, 0.38, 0.17, 0.1], [0.5, 0.3, 0.47, 0.2], [0.63, 0.32, 0.55, 0.27]])
    values = means[kinds] + spread[kinds] * draw(150, 4, seed=seed)
    columns: dict[str, Column] = {f"x{i}": NumericColumn(values[:, i]) for i in range(4)}
    return columns | {"kind": CategoricalColumn(kinds.astype(np.int32), ("a", "b", "c"))}


def diagnosed(findings: tuple[Finding, ...]) -> list[tuple[str, str, int | None]]:
    return [(f.code, f.pointer, f.epoch) for f in findings if f.code in RULES_BY_CODE]


def prepare_example(code: str) -> tuple[ResolvedSpec, PreparedData]:
    example = EXAMPLES[code]  # type: ignore[index]  # a code of a rule
    return prepared(TrainingSpec.model_validate(example.request), example.columns)


@pytest.mark.parametrize("code", CODES)
def test_a_finding_comes_once_its_condition_has_held_for_the_rules_epochs(code: str) -> None:
    spec, data = prepare_example(code)
    training, rule = Training(spec, data), RULES_BY_CODE[code]
    for _ in train(training):
        found = [f for f in training.findings if f.code == code]
        if found:
            break
        streaks = training.state().numbers["earlier"]["streaks"]
        assert all(count < rule.epochs for key, count in streaks.items() if key.startswith(code))
    assert found[0].epoch == training.epoch
    assert found[0].level == "warning"
    assert f"since epoch {training.epoch - rule.epochs} ({rule.epochs} epochs" in found[0].detail
    assert rule.advise(spec) in found[0].detail


@pytest.mark.parametrize("code", CODES)
def test_an_interrupted_training_finds_the_same_in_the_same_epochs(code: str) -> None:
    spec, data = prepare_example(code)
    whole, resumed = Training(spec, data), Training(spec, data)
    for _ in train(whole):
        pass
    found: dict[tuple[str, str], int | None] = {}
    while resumed.reason is None:
        until = resumed.steps_done + 1
        for _ in train(resumed, stop=lambda: resumed.steps_done == until):  # noqa: B023 - not kept
            pass
        found = {(f.code, f.pointer): f.epoch for f in resumed.findings} | found
        state = resumed.state()
        resumed = Training(spec, data)
        resumed.restore(state)
    assert found == {(f.code, f.pointer): f.epoch for f in whole.findings}
    assert resumed.state().numbers == whole.state().numbers


@pytest.mark.parametrize("code", CODES)
def test_on_finding_stop_ends_the_training_with_the_epoch(code: str) -> None:
    spec, data = prepare_example(code)
    reported = Training(spec, data)
    records = list(train(reported))
    stopped = Training(spec.model_copy(update={"on_finding": "stop"}), data)
    kept = list(train(stopped))
    first = min(epoch for *_, epoch in diagnosed(reported.findings) if epoch is not None)
    assert kept == records[:first]
    is_last = first == spec.epochs
    assert stopped.reason == ("completed" if is_last else "finding")
    ending = [f for f in stopped.findings if f.epoch == first]
    assert all(("on_finding ends the training here" in f.detail) != is_last for f in ending)


def read_digits() -> dict[str, Column]:
    """Return the table of the demo."""
    with (ROOT / "examples" / "digits" / "digits.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, Column] = {
        name: NumericColumn(np.array([float(row[name]) for row in rows]))
        for name in rows[0]
        if name != TARGET
    }
    return columns | {TARGET: levels(*(row[TARGET] for row in rows))}


HEALTHY: dict[str, tuple[dict[str, Any], Callable[[int], dict[str, Column]]]] = {
    "iris": ({"target": "kind"}, iris_like),
    "iris, trained until nothing is left to learn": (
        {"target": "kind", "epochs": 100, "validation": None},
        iris_like,
    ),
    "iris, tanh": (
        {
            "target": "kind",
            "epochs": 60,
            "network": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}] * 2},
            "optimizer": {"type": "adam", "learning_rate": 0.01},
        },
        iris_like,
    ),
    "flowers": ({"target": "kind"}, lambda _seed: flower_columns(240)),
    "line": ({**LINE, "epochs": 100}, lambda _seed: line_columns(200)),
    "line with noise": ({**LINE, "epochs": 40}, lambda _seed: line_columns(200, noise=30)),
    "line, lbfgs": (
        {**LINE, "optimizer": "lbfgs", "batch_size": "full", "epochs": 30},
        lambda _seed: line_columns(200),
    ),
    "cosine to zero": (
        {"target": "y", "schedule": "cosine", "epochs": 40},
        lambda _seed: line_columns(200, noise=10),
    ),
}


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"optimizer": "sgd", "epochs": 15},
        pytest.param(JOB, marks=pytest.mark.rare),
    ],
    ids=["default", "sgd", "demo"],
)
def test_digits_have_no_finding_of_the_rules(request_: dict[str, Any]) -> None:
    request = {"target": TARGET, "task": "classification", **request_}
    training = start(TrainingSpec.model_validate(request), read_digits())
    for _ in train(training):
        pass
    assert diagnosed(training.findings) == []


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_training_has_no_finding_of_the_rules(name: str, seed: int) -> None:
    request, make_columns = HEALTHY[name]
    training = start(TrainingSpec.model_validate({**request, "seed": seed}), make_columns(seed))
    for _ in train(training):
        pass
    assert diagnosed(training.findings) == []


def test_a_training_from_a_models_weights_need_not_learn() -> None:
    spec, data = prepare_example("no_learning")
    weights = Training(spec, data).weights()
    continued = Training(spec, data, weights)
    for _ in train(continued):
        pass
    assert diagnosed(continued.findings) == []
