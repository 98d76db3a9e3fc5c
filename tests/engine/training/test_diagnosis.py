"""Rules of the diagnosis: what they find, when, and what they leave alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.findings import Finding
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.diagnosis.diagnosis import Diagnosis
from engine.training.diagnosis.rules import RULES, RULES_BY_CODE
from engine.training.layer_diagnostics import LayerStats
from engine.training.loop import train
from engine.training.progress import EpochRecord, Progress
from engine.training.training import Training
from tests.engine.examples import draw, flower_columns, line_columns, network_spec, prepared, start
from tests.engine.examples import random_network as build
from tests.engine.finding_examples import EXAMPLES

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
    training, rule = Training(*prepare_example(code)), RULES_BY_CODE[code]
    for _ in train(training):
        found = [f for f in training.findings if f.code == code]
        if found:
            break
        streaks = training.state().numbers["earlier"]["streaks"]
        assert all(count < rule.epochs for key, count in streaks.items() if key.startswith(code))
    assert found[0].epoch == training.epoch
    assert found[0].level == "warning"
    assert f"since epoch {training.epoch - rule.epochs} ({rule.epochs} epochs" in found[0].detail
    assert rule.remedy in found[0].detail


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


HEALTHY: dict[str, tuple[dict[str, Any], Callable[[int], dict[str, Column]]]] = {
    "iris": ({"target": "kind"}, iris_like),
    "iris, trained until nothing is left to learn": (
        {"target": "kind", "epochs": 200, "validation": None},
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
    "line": ({**LINE, "epochs": 150}, lambda _seed: line_columns(200)),
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


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_training_has_no_finding_of_the_rules(name: str, seed: int) -> None:
    request, make_columns = HEALTHY[name]
    training = start(TrainingSpec.model_validate({**request, "seed": seed}), make_columns(seed))
    for _ in train(training):
        pass
    assert diagnosed(training.findings) == []


def stats(name: str, norm: float = 1.0, **more: float | None) -> LayerStats:
    values: dict[str, Any] = {"update_ratio": 1e-3, "dead_units": None, **more}
    return LayerStats(name, norm, **values)


RECORD = EpochRecord(0, 1.0, None, {}, 0.001, 1.0, 1, (stats("layers.0"), stats("output")))


def find(
    records: list[EpochRecord], hidden: tuple[int, ...] = (4,), rows: int = 64, **options: Any
) -> set[str]:
    """Return the codes of what a network's epochs, one record each, show."""
    request = {"target": "y", "epochs": 1000, "validation": None, **options}
    spec, _ = prepared(TrainingSpec.model_validate(request), line_columns())
    network = build(network_spec(hidden, 1), 2)
    diagnosis, progress = Diagnosis(spec, network, rows, starts_anew=True), Progress()
    codes: set[str] = set()
    for epoch, record in enumerate(records):
        progress.loss_at_start = 1.0
        found = diagnosis.on_epoch_end(progress, replace(record, epoch=epoch))
        codes |= {finding.code for finding in found}
    return codes


def falling(count: int = 20, rate: float = 0.8) -> list[EpochRecord]:
    return [replace(RECORD, loss=rate**epoch) for epoch in range(count)]


def with_layers(records: list[EpochRecord], *layers: LayerStats) -> list[EpochRecord]:
    return [replace(record, layers=layers) for record in records]


def test_a_falling_loss_shows_nothing() -> None:
    assert find(falling()) == set()


@pytest.mark.parametrize(
    ("hidden", "first", "found"),
    [((4, 4), 1e-5, True), ((4, 4), 1e-2, False), ((4,), 1e-9, False)],
)
def test_gradients_vanish_from_layer_to_layer(
    hidden: tuple[int, ...], first: float, *, found: bool
) -> None:
    layers = [stats("layers.0", first), stats("layers.1", 1.0)][: len(hidden)]
    records = with_layers(falling(), *layers, stats("output"))
    assert ("vanishing_gradients" in find(records, hidden)) == found


def test_small_gradients_of_all_layers_do_not_vanish() -> None:
    small = (stats("layers.0", 1e-12), stats("layers.1", 1e-12), stats("output", 1e-12))
    assert find(with_layers(falling(), *small), (4, 4)) == set()


@pytest.mark.parametrize(
    ("norm", "loss", "options", "found"),
    [
        (1e3, 2.0, {}, True),
        (None, 2.0, {}, True),
        (1e3, 0.9, {}, False),
        (50.0, 2.0, {}, False),
        (1e3, 2.0, {"gradient_clip": {"type": "norm"}}, False),
    ],
    ids=["large", "not finite", "loss falls", "small", "clipped"],
)
def test_gradients_explode_while_the_loss_rises(
    norm: float | None, loss: float, options: dict[str, Any], *, found: bool
) -> None:
    later = replace(RECORD, gradient_norm=norm, loss=loss)
    assert ("exploding_gradients" in find([RECORD, *[later] * 3], **options)) == found


@pytest.mark.parametrize(
    ("rows", "dead", "found"),
    [(32, 0.6, True), (32, 0.5, False), (31, 0.6, False), (8, 0.95, True), (7, 1.0, False)],
)
def test_few_rows_need_more_silent_units(rows: int, dead: float, *, found: bool) -> None:
    records = with_layers(falling(), stats("layers.0", dead_units=dead), stats("output"))
    assert ("dying_relu" in find(records, rows=rows)) == found


@pytest.mark.parametrize(("rate", "found"), [(0.99, True), (0.8, False)])
def test_saturated_units_count_while_the_loss_is_high(rate: float, *, found: bool) -> None:
    layer = stats("layers.0", dead_units=None, saturated_units=0.8)
    records = with_layers(falling(5, rate), layer, stats("output"))
    assert ("saturated_units" in find(records)) == found


@pytest.mark.parametrize("offset", [0.0, -1.3], ids=["positive", "negative"])
@pytest.mark.parametrize(
    ("rise", "restores", "found"), [(0.6, False, True), (0.1, False, False), (0.6, True, False)]
)
def test_the_validation_loss_rises_while_the_training_loss_falls(
    offset: float, rise: float, *, restores: bool, found: bool
) -> None:
    options: dict[str, Any] = {}
    if restores:
        options = {"early_stopping": {"metric": "loss", "patience": 1000}}
    shape = [1.0, 0.5, *[0.5 + rise * step / 8 for step in range(1, 9)], *[0.5 + rise] * 4]
    records = [
        replace(record, validation_loss=offset + value)
        for record, value in zip(falling(len(shape)), shape, strict=True)
    ]
    assert ("overfitting" in find(records, **options)) == found


def test_a_loss_that_jumps_with_large_updates_has_a_rate_too_high() -> None:
    jumps = [replace(RECORD, loss=0.5 + 0.2 * (epoch % 2)) for epoch in range(12)]
    large = with_layers(jumps, stats("layers.0", update_ratio=0.1), stats("output"))
    assert find(large) == {"learning_rate_too_high"}
    assert find(jumps) == set()
    assert find(large, optimizer="lbfgs", batch_size="full") == set()


def test_a_rate_that_the_schedule_lowered_is_not_too_low() -> None:
    slow = with_layers(falling(20, 0.99), stats("layers.0", update_ratio=1e-5))
    assert find(slow) == {"learning_rate_too_low"}
    assert find([replace(record, learning_rate=1e-5) for record in slow]) == set()


def test_a_condition_that_pauses_counts_from_the_start() -> None:
    dead = with_layers(falling(4), stats("layers.0", dead_units=1.0))
    assert find([*dead, RECORD, *dead, RECORD]) == set()
    assert find([*dead, RECORD, *dead, dead[0]]) == {"dying_relu"}


def test_a_training_from_a_models_weights_need_not_learn() -> None:
    spec, data = prepare_example("no_learning")
    weights = Training(spec, data).weights()
    continued = Training(spec, data, weights)
    for _ in train(continued):
        pass
    assert diagnosed(continued.findings) == []
