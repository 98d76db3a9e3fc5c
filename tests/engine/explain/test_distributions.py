"""Histograms and statistics of the numbers of a step."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.explain.distributions import distribution, step_distributions
from engine.explain.trace_step import trace_step
from tests.engine.explain.zeros.zero_steps import trace_of

LAYERS: list[dict[str, Any]] = [
    {"type": "dense", "units": 3, "activation": "tanh", "frozen": True},
    {"type": "residual", "layers": [{"type": "dense", "units": 3, "activation": "relu"}]},
]
ROWS = np.linspace(-3, 3, 12).reshape(6, 2).tolist()
TARGETS = [0.5, -1.0, 0.0, 2.0, 1.0, 0.25]


@settings(max_examples=50)
@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        arrays.array_shapes(min_dims=1, max_dims=3, max_side=8),
    ),
    st.integers(1, 20),
)
def test_every_value_is_counted_once(values: Any, bins: int) -> None:
    found = distribution(values, bins)
    finite = values[np.isfinite(values)].astype(np.float64)
    assert found.count == values.size
    assert found.not_finite == values.size - finite.size
    if found.histogram is None:
        assert not finite.size
        return
    edges = found.histogram.edges
    assert len(edges) == bins + 1
    assert list(edges) == sorted(edges)
    assert sum(found.histogram.counts) == finite.size
    assert found.minimum == finite.min() == pytest.approx(edges[0])
    assert found.maximum == finite.max() == pytest.approx(edges[-1])
    for index, count in enumerate(found.histogram.counts[:-1]):
        inside = (finite >= edges[index]) & (finite < edges[index + 1])
        assert count == inside.sum()


def test_statistics() -> None:
    values = np.array([[1.0, 0.0, -2.0], [np.inf, np.nan, 0.5]])
    found = distribution(values, 2, saturation=(0.0, 1.0))
    finite = [1.0, 0.0, -2.0, 0.5]
    assert found.mean == pytest.approx(np.mean(finite))
    assert found.std == pytest.approx(np.std(finite))
    assert found.zeros == 1 / 6
    assert found.saturated == 3 / 6  # 1, −2 and infinity
    assert found.histogram is not None
    assert found.histogram.edges == (-2.0, -0.5, 1.0)
    assert found.histogram.counts == (1, 3)


def test_large_values_and_none() -> None:
    largest = float(np.finfo(np.float64).max)
    found = distribution(np.array([-largest, 0.0, largest]), 4)
    assert found.histogram is not None
    assert found.histogram.counts == (1, 0, 1, 1)
    assert np.isfinite(found.histogram.edges).all()
    assert found.std is None
    nothing = distribution(np.array([]))
    assert (nothing.mean, nothing.minimum, nothing.zeros, nothing.histogram) == (None,) * 4


def test_all_numbers_of_a_step() -> None:
    trace = trace_of(LAYERS, ROWS, TARGETS, output={"activation": "sigmoid"})
    found = step_distributions(trace)
    assert (found.rows, found.kept_rows) == (6, 6)
    frozen, block, inner, output = found.layers
    assert [one.name for one in found.layers] == [
        "layers.0",
        "layers.1",
        "layers.1.layers.0",
        "output",
    ]
    assert frozen.gradients == frozen.updates == {}
    assert frozen.weights["layers.0.weight"].count == 6
    assert frozen.deltas is None
    assert block.pre_activations is None
    assert not block.weights
    assert frozen.activations.saturated is not None
    assert inner.activations.saturated is None
    assert inner.pre_activations is not None
    assert inner.activations.zeros == np.mean(trace.layers[4].outputs.rows == 0)
    weight = next(one for one in trace.parameters if one.name == "output.weight")
    assert weight.gradient is not None
    assert output.gradients["output.weight"].mean == pytest.approx(weight.gradient.mean())
    changes = weight.after - weight.before
    assert output.updates["output.weight"].maximum == changes.max()
    assert output.activations.mean == pytest.approx(trace.outputs.rows.mean())
    assert output.deltas is not None
    json.dumps(asdict(found), allow_nan=False)


def test_only_kept_rows_are_counted() -> None:
    inputs = trace_of(LAYERS, ROWS, TARGETS).inputs
    found = step_distributions(trace_step(inputs, [4, 1]), bins=5)
    assert (found.rows, found.kept_rows) == (6, 2)
    whole = step_distributions(trace_step(inputs), bins=5)
    for one, other in zip(found.layers, whole.layers, strict=True):
        assert one.weights == other.weights
        assert one.updates == other.updates
        assert 3 * one.activations.count == other.activations.count
    nothing = step_distributions(trace_step(inputs, []))
    assert nothing.layers[0].activations.histogram is None


def test_a_step_that_diverges_has_no_gradients() -> None:
    inputs = trace_of([LAYERS[0] | {"frozen": False}], ROWS, TARGETS).inputs
    arrays_before = {name: np.full_like(array, 1e300) for name, array in inputs.arrays.items()}
    trace = trace_step(replace(inputs, arrays=arrays_before))
    assert trace.diverged_in is not None
    found = step_distributions(trace)
    assert not found.layers[0].gradients
    assert found.layers[0].weights["layers.0.weight"].std == 0
    json.dumps(asdict(found), allow_nan=False)
