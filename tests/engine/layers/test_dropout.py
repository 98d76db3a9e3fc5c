import numpy as np
import pytest

from engine.arrays import Floats
from engine.layers.dropout import Dropout
from tests.engine.examples import FLOAT64, draw
from tests.engine.layer_examples import bound

ROWS, FEATURES = 200, 100


def make_dropout(name: str = "layers.1", rate: float = 0.3, seed: int = 0) -> Dropout:
    layer = Dropout(name, (FEATURES,), rate, FLOAT64, seed)
    bound(layer, ROWS)
    return layer


def mask(layer: Dropout, step: int) -> Floats:
    layer.begin_step(step)
    return layer.forward(np.ones((ROWS, FEATURES)))


def test_values_are_dropped_at_the_rate_and_the_others_scaled() -> None:
    y = mask(make_dropout(), 0)
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(y[y != 0], 1 / 0.7)


def test_nothing_is_dropped_at_rate_zero() -> None:
    assert (mask(make_dropout(rate=0), 0) == 1).all()


def test_same_step_has_the_same_mask_regardless_of_earlier_draws() -> None:
    layer, other = make_dropout(), make_dropout()
    seventh = mask(layer, 7)
    np.testing.assert_array_equal(mask(layer, 7), seventh)
    mask(layer, 8)
    np.testing.assert_array_equal(mask(layer, 7), seventh)
    np.testing.assert_array_equal(mask(other, 7), seventh)


def test_seed_layer_and_step_each_change_the_mask() -> None:
    masks = {
        mask(make_dropout(name, seed=seed), step).tobytes()
        for name in ("layers.0", "layers.1", "layers.1.layers.0")
        for seed in (0, 1, 2**53 - 1)
        for step in range(3)
    }
    assert len(masks) == 27


def test_fewer_rows_have_the_first_rows_of_the_mask() -> None:
    layer = make_dropout()
    whole = mask(layer, 3)
    layer.resize(5)
    np.testing.assert_array_equal(layer.forward(np.ones((5, FEATURES))), whole[:5])


def test_gradient_is_dropped_and_scaled_alike() -> None:
    layer = make_dropout()
    y, dy = mask(layer, 0), draw(ROWS, FEATURES)
    np.testing.assert_array_equal(layer.backward(dy.copy()), dy * y)


def test_prediction_drops_nothing() -> None:
    x = draw(ROWS, FEATURES)
    assert make_dropout().predict(x) is x
