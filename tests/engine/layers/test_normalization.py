import numpy as np
import pytest

from engine.layers.batch_normalization import BatchNormalization
from engine.layers.layer_normalization import LayerNormalization
from tests.engine.examples import FLOAT64, draw
from tests.engine.layer_examples import bound, layers_network

EPSILON = 1e-3


def batch_normalization(
    rows: int, *shape: int, momentum: float = 0.8, is_frozen: bool = False
) -> BatchNormalization:
    layer = BatchNormalization("layers.0", shape, momentum, EPSILON, FLOAT64)
    layer.is_frozen = is_frozen
    bound(layer, rows)
    return layer


def layer_normalization(rows: int, *shape: int) -> LayerNormalization:
    layer = LayerNormalization("layers.0", shape, EPSILON, FLOAT64)
    bound(layer, rows)
    return layer


@pytest.mark.parametrize("shape", [(4,), (3, 2, 4)])
def test_each_channel_is_normalized_over_the_batch(shape: tuple[int, ...]) -> None:
    layer, x = batch_normalization(6, *shape), 3 * draw(6, *shape) + 2
    axes = tuple(range(x.ndim - 1))
    normalized = (x - x.mean(axes)) / np.sqrt(x.var(axes) + EPSILON)
    expected = layer.scale * normalized + layer.shift
    np.testing.assert_allclose(layer.forward(x.copy()), expected, rtol=1e-12)


def test_running_means_follow_the_batches() -> None:
    layer, x = batch_normalization(6, 4), draw(6, 4)
    mean, variance = layer.running_mean.copy(), layer.running_variance.copy()
    layer.forward(x.copy())
    np.testing.assert_allclose(layer.running_mean, 0.8 * mean + 0.2 * x.mean(0))
    np.testing.assert_allclose(layer.running_variance, 0.8 * variance + 0.2 * x.var(0, ddof=1))


@pytest.mark.parametrize("is_frozen", [False, True])
def test_prediction_uses_the_running_statistics(is_frozen: bool) -> None:
    layer, x = batch_normalization(6, 4, is_frozen=is_frozen), draw(6, 4)
    mean, variance = layer.running_mean.copy(), layer.running_variance.copy()
    normalized = (x - mean) / np.sqrt(variance + EPSILON)
    expected = layer.scale * normalized + layer.shift
    np.testing.assert_allclose(layer.predict(x.copy()), expected)
    np.testing.assert_array_equal(layer.running_mean, mean)
    if is_frozen:
        np.testing.assert_allclose(layer.forward(x.copy()), expected)
        np.testing.assert_array_equal(layer.running_variance, variance)


def test_frozen_statistics_are_constants_for_the_gradient() -> None:
    layer, dy = batch_normalization(6, 4, is_frozen=True), draw(6, 4, seed=1)
    layer.forward(draw(6, 4))
    expected = dy * layer.scale / np.sqrt(layer.running_variance + EPSILON)
    np.testing.assert_allclose(layer.backward(dy.copy()), expected)
    assert layer.workspace(6) == 0


def test_single_value_per_channel_normalizes_to_the_shift() -> None:
    layer = batch_normalization(1, 4)
    np.testing.assert_allclose(layer.forward(draw(1, 4)), layer.shift[np.newaxis])
    np.testing.assert_allclose(layer.backward(draw(1, 4)), 0, atol=1e-12)
    assert np.isfinite(layer.running_variance).all()


@pytest.mark.parametrize("shape", [(4,), (3, 2, 4), (1,)])
def test_each_row_is_normalized_by_itself(shape: tuple[int, ...]) -> None:
    layer, x = layer_normalization(6, *shape), 3 * draw(6, *shape) + 2
    axes = tuple(range(1, x.ndim))
    spread = np.sqrt(x.var(axes, keepdims=True) + EPSILON)
    normalized = (x - x.mean(axes, keepdims=True)) / spread
    expected = layer.scale.reshape(shape) * normalized + layer.shift.reshape(shape)
    np.testing.assert_allclose(layer.forward(x.copy()), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.predict(x.copy()), expected, rtol=1e-12, atol=1e-12)


def test_parameters_are_named_and_initialized_to_the_identity() -> None:
    kinds = [{"type": "batch_normalization"}, {"type": "layer_normalization"}]
    network = layers_network(kinds, 3)
    for layer in network.layers[1:3]:
        layer.initialize(np.random.default_rng(0))
    named = network.named_parameters()
    np.testing.assert_array_equal(named["layers.0.scale"], 1)
    np.testing.assert_array_equal(named["layers.0.running_variance"], 1)
    np.testing.assert_array_equal(named["layers.1.scale"], 1)
    assert {"layers.0.shift", "layers.0.running_mean", "layers.1.shift"} < set(named)
    assert "layers.0.running_mean" not in network.gradient_views()
