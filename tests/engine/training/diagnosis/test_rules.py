"""Rules of the diagnosis on made-up records of epochs."""

from dataclasses import replace
from typing import Any

import pytest

from engine.specs import TrainingSpec
from engine.training.diagnosis.diagnosis import Diagnosis
from engine.training.diagnosis.rules import RULES_BY_CODE
from engine.training.layer_diagnostics import LayerStats
from engine.training.progress import EpochRecord, Progress
from tests.engine.examples import line_columns, network_spec, prepared
from tests.engine.examples import random_network as build


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


@pytest.mark.parametrize(("dead", "found"), [(1.0, {"dying_relu"}), (0.4, {"vanishing_gradients"})])
def test_a_gradient_of_0_behind_dead_units_is_that_of_dying_relu(
    dead: float, found: set[str]
) -> None:
    layers = (stats("layers.0", 0.0), stats("layers.1", 0.0, dead_units=dead), stats("output"))
    assert find(with_layers(falling(), *layers), (4, 4)) == found


@pytest.mark.parametrize(
    ("activation", "remedy"),
    [("relu", "add normalization layers"), ("tanh", "use relu instead of tanh")],
)
def test_the_remedy_of_vanishing_gradients_fits_the_activations(
    activation: str, remedy: str
) -> None:
    network = {"layers": [{"type": "dense", "units": 4, "activation": activation}] * 2}
    request = {"target": "y", "network": network}
    spec, _ = prepared(TrainingSpec.model_validate(request), line_columns())
    advice = RULES_BY_CODE["vanishing_gradients"].advise(spec)
    assert advice.startswith(remedy)


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
