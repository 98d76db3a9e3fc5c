"""Metrics of a reconstruction, over all rows and inputs."""

import numpy as np
import pytest

from engine.data.split_arrays import SplitArrays
from engine.metrics import build_accumulator, reconstruction
from engine.metrics.names import Metric
from engine.preprocessing.fitted import InputsTarget
from engine.specs import ReconstructionMetric, ResolvedOutput
from tests.engine.examples import ListedRows, Matrix, draw

NAMES: tuple[ReconstructionMetric, ...] = ("mse", "rmse", "mae", "r2")
X = draw(11, 3) * [1, 10, 0] + [0, 1e3, 1.1]
OUTPUTS = X + draw(11, 3, seed=1)
WEIGHTS = np.array([0, 1, 2, 0.5, 3, 1, 1, 0, 1, 1, 0.5])


def compute(
    x: Matrix,
    outputs: Matrix,
    weights: Matrix | None = None,
    names: tuple[ReconstructionMetric, ...] = NAMES,
) -> dict[str, Metric]:
    split = SplitArrays(x, x, weights, weights)
    output = ResolvedOutput(activation="linear", units=x.shape[1])
    accumulator = build_accumulator(names, InputsTarget(), split, output)
    for start in range(0, len(x), 4):
        rows = slice(start, start + 4)
        accumulator.update(0.0, outputs[rows], split.read(rows))
    return accumulator.result()


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_metrics_are_of_all_inputs_together(weights: Matrix | None) -> None:
    w = np.ones(11) if weights is None else weights
    error, mean = OUTPUTS - X, w @ X / w.sum()
    mse = np.sum(w @ error**2) / w.sum() / 3
    # The last input is constant, although its mean is rounded.
    variation = np.sum((w @ (X - mean) ** 2)[:2])
    expected = {
        "mse": mse,
        "rmse": np.sqrt(mse),
        "mae": np.sum(w @ np.abs(error)) / w.sum() / 3,
        "r2": 1 - np.sum(w @ error**2) / variation,
    }
    assert compute(X, OUTPUTS, weights) == pytest.approx(expected, rel=1e-12)


def test_only_requested_metrics_are_computed() -> None:
    assert compute(X, OUTPUTS, names=("mae",)).keys() == {"mae"}


def test_r2_of_constant_inputs_is_omitted() -> None:
    x = np.full((7, 2), 1.1)
    assert compute(x, x + 1).keys() == {"mse", "rmse", "mae"}
    only_one = np.array([0, 1.0, 0, 0])
    assert "r2" not in compute(draw(4, 2), draw(4, 2), only_one)


def test_variation_is_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = reconstruction.sum_variation(SplitArrays(X, X, WEIGHTS, WEIGHTS))
    monkeypatch.setattr(reconstruction, "_CHUNK_BYTES", 4 * 8 * X.shape[1])
    rows = ListedRows(X)
    found = reconstruction.sum_variation(SplitArrays(rows, rows, WEIGHTS, WEIGHTS))
    assert found is not None
    assert expected is not None
    assert found.ratio_to(expected) == pytest.approx(1, rel=1e-12)
    assert len(rows.asked) == 3
