"""Standard problems that a network must learn."""

import csv
from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.specs import TrainingSpec
from engine.training.loop import train
from tests.engine.examples import start
from tests.servers import ROOT

DIGITS = ROOT / "examples" / "digits" / "digits.csv"
CONVOLUTION = {"type": "conv2d", "kernel_size": 3, "padding": "same"}


def last_metric(columns: dict[str, Column], name: str, **spec: Any) -> float:
    """Return the metric after the last epoch."""
    *_, record = train(start(TrainingSpec.model_validate(spec), columns))
    value = record.metrics[name]
    assert isinstance(value, float)
    return value


def spirals(turns: float = 1.5, rows: int = 400) -> dict[str, Column]:
    """Two intertwined spiral arms with a little noise."""
    random = np.random.default_rng(0)
    angle = np.sqrt(random.random(rows)) * turns * 2 * np.pi
    arm = np.arange(rows) % 2
    radius = angle / (turns * 2 * np.pi) * np.where(arm, 1, -1)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, np.newaxis]
    points += random.normal(0, 0.01, points.shape)
    return {
        "x": NumericColumn(points[:, 0]),
        "y": NumericColumn(points[:, 1]),
        "arm": CategoricalColumn(arm.astype(np.int32), ("left", "right")),
    }


def digits() -> dict[str, Column]:
    with DIGITS.open(encoding="ascii") as file:
        header, *rows = csv.reader(file)
    values = np.array(rows, np.float64)
    return {name: NumericColumn(values[:, index]) for index, name in enumerate(header)}


def test_two_spirals_are_classified() -> None:
    layers = [{"type": "dense", "units": 32, "activation": "tanh"}] * 2
    accuracy = last_metric(
        spirals(),
        "validation_accuracy",
        target="arm",
        network={"layers": layers},
        optimizer={"type": "adam", "learning_rate": 0.01},
        epochs=200,
    )
    assert accuracy >= 0.97


def test_digits_are_read_by_a_dense_network() -> None:
    accuracy = last_metric(
        digits(),
        "validation_accuracy",
        target="label",
        network={"layers": [{"type": "dense", "units": 128}]},
        epochs=20,
    )
    assert accuracy >= 0.97


def test_digits_are_read_better_by_a_convolutional_network() -> None:
    layers = [
        {"type": "reshape", "shape": [8, 8, 1]},
        {**CONVOLUTION, "filters": 16},
        {"type": "max_pooling2d"},
        {**CONVOLUTION, "filters": 32},
        {"type": "flatten"},
        {"type": "dropout", "rate": 0.3},
        {"type": "dense", "units": 64},
    ]
    accuracy = last_metric(
        digits(),
        "validation_accuracy",
        target="label",
        preprocessing={"numeric": "min_max"},
        network={"layers": layers},
        optimizer={"type": "adam", "learning_rate": 0.002},
        schedule={"type": "cosine"},
        epochs=20,
    )
    assert accuracy >= 0.98


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_full_batches_and_lbfgs_fit_a_smooth_curve(dtype: str) -> None:
    x = np.linspace(-3, 3, 200)
    columns: dict[str, Column] = {"x": NumericColumn(x), "y": NumericColumn(np.sin(2 * x))}
    r2 = last_metric(
        columns,
        "r2",
        target="y",
        network={"layers": [{"type": "dense", "units": 16, "activation": "tanh"}]},
        optimizer="lbfgs",
        batch_size="full",
        validation=None,
        epochs=150,
        dtype=dtype,
    )
    assert r2 >= 0.99
