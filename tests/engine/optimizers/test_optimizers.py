"""Properties that all optimizers share."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.optimizers.base import BLOCK, Optimizer
from engine.optimizers.build import build_optimizer
from engine.resolution.memory import slot_count
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    Lbfgs,
    Lion,
    Nadam,
    OptimizerSpec,
    Rmsprop,
    Sgd,
)
from tests.engine.examples import draw

ELEMENTWISE: dict[str, OptimizerSpec] = {
    "sgd": Sgd(),
    "momentum": Sgd(momentum=0.9),
    "nesterov": Sgd(momentum=0.9, nesterov=True),
    "adagrad": Adagrad(),
    "adadelta": Adadelta(),
    "rmsprop": Rmsprop(),
    "rmsprop momentum": Rmsprop(momentum=0.9),
    "adam": Adam(),
    "adamw": Adamw(weight_decay=0.1),
    "amsgrad": Amsgrad(),
    "nadam": Nadam(),
    "lion": Lion(weight_decay=0.1),
}
ALL = ELEMENTWISE | {"lbfgs": Lbfgs(history=3)}
DECAYING = {"adamw", "lion"}
every = pytest.mark.parametrize("name", ALL)
every_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)


class Bowl:
    """½ Σ c (w − minimum)², slightly steeper in each successive direction."""

    def __init__(self, minimum: Floats, dtype: Any = np.float64, *, steepness: float = 1.0) -> None:
        self.minimum = minimum.astype(dtype)
        self.c = steepness * np.linspace(0.5, 1.5, len(minimum)).astype(dtype)
        self.w, self.g = np.ones_like(self.minimum), np.zeros_like(self.minimum)

    def evaluate(self) -> float:
        np.multiply(self.c, self.w - self.minimum, out=self.g)
        return float(0.5 * np.dot(self.g, self.w - self.minimum))

    def optimizer(self, name: str) -> Optimizer:
        return build_optimizer(ALL[name], self.w, self.g, self.evaluate)

    def descend(self, optimizer: Optimizer, first: int, last: int) -> None:
        for step in range(first, last + 1):
            self.evaluate()
            optimizer.update(0.02, step)


@every
def test_loss_decreases(name: str) -> None:
    bowl = Bowl(draw(5))
    before = bowl.evaluate()
    bowl.descend(bowl.optimizer(name), 1, 20)
    assert bowl.evaluate() < before


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_gradient_changes_nothing_except_weight_decay(name: str, dtype: Any) -> None:
    bowl = Bowl(draw(4), dtype, steepness=0.0)
    bowl.descend(bowl.optimizer(name), 1, 3)
    expected = (1 - 0.02 * 0.1) ** 3 if name in DECAYING else 1
    np.testing.assert_allclose(bowl.w, expected, rtol=1e-6 if name in DECAYING else 0)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps_before", [0, 7])
def test_copied_state_resumes_bit_for_bit(name: str, dtype: Any, steps_before: int) -> None:
    whole, first, second = (Bowl(draw(6, seed=3), dtype) for _ in range(3))
    whole.descend(whole.optimizer(name), 1, steps_before + 7)
    stopped = first.optimizer(name)
    first.descend(stopped, 1, steps_before)
    fresh = second.optimizer(name)
    np.copyto(second.w, first.w)
    for key, array in fresh.state_arrays().items():
        np.copyto(array, stopped.state_arrays()[key])
    second.descend(fresh, steps_before + 1, steps_before + 7)
    assert second.w.tobytes() == whole.w.tobytes()


@every
def test_restored_state_repeats_bit_for_bit(name: str) -> None:
    bowl = Bowl(draw(6, seed=3))
    optimizer = bowl.optimizer(name)
    bowl.descend(optimizer, 1, 5)
    w = bowl.w.copy()
    state = {key: array.copy() for key, array in optimizer.state_arrays().items()}
    bowl.descend(optimizer, 6, 9)
    expected = bowl.w.copy()
    np.copyto(bowl.w, w)
    for key, array in optimizer.state_arrays().items():
        np.copyto(array, state[key])
    bowl.descend(optimizer, 6, 9)
    assert bowl.w.tobytes() == expected.tobytes()


@every
def test_state_arrays_are_updated_in_place(name: str) -> None:
    bowl = Bowl(draw(6))
    optimizer = bowl.optimizer(name)
    before = optimizer.state_arrays()
    bowl.descend(optimizer, 1, 5)
    after = optimizer.state_arrays()
    assert before.keys() == after.keys()
    assert all(after[key] is array for key, array in before.items())


@every
def test_slots_have_the_shape_and_type_of_the_parameters(name: str) -> None:
    bowl = Bowl(draw(5), np.float32)
    slots = bowl.optimizer(name).slots.values()
    assert all(slot.shape == bowl.w.shape and slot.dtype == np.float32 for slot in slots)


@every
def test_memory_estimate_counts_the_state_vectors(name: str) -> None:
    size = 5000
    optimizer = Bowl(draw(size)).optimizer(name)
    vectors = sum(array.size for array in optimizer.state_arrays().values()) / size
    # The vectors of a line search are not part of the state.
    searching = 4 if name == "lbfgs" else 0
    assert slot_count(ALL[name]) == round(vectors) + searching


@every
def test_zero_parameters_are_supported(name: str) -> None:
    bowl = Bowl(np.zeros(0))
    bowl.descend(bowl.optimizer(name), 1, 2)


@every_elementwise
def test_vectors_longer_than_a_block_are_updated_to_the_end(name: str) -> None:
    bowl = Bowl(draw(2 * BLOCK + 3))
    ends = [0, BLOCK - 1, BLOCK, 2 * BLOCK + 2]
    small = Bowl(bowl.minimum[ends])
    small.c = bowl.c[ends]
    bowl.descend(bowl.optimizer(name), 1, 3)
    small.descend(small.optimizer(name), 1, 3)
    np.testing.assert_array_equal(bowl.w[ends], small.w)


@every_elementwise
def test_gradients_are_not_modified(name: str) -> None:
    bowl = Bowl(draw(5))
    bowl.evaluate()
    before = bowl.g.copy()
    bowl.optimizer(name).update(0.1, 1)
    np.testing.assert_array_equal(bowl.g, before)


@every_elementwise
def test_a_step_allocates_no_arrays(name: str) -> None:
    bowl = Bowl(draw(4 * BLOCK))
    optimizer = bowl.optimizer(name)
    bowl.evaluate()
    optimizer.update(0.1, 1)
    tracemalloc.start()
    try:
        optimizer.update(0.1, 2)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "spec", [Adam(epsilon=1e-300), Nadam(epsilon=1e-300), Rmsprop(epsilon=1e-300)]
)
def test_epsilon_too_small_for_the_dtype_does_not_become_zero(spec: OptimizerSpec) -> None:
    w = np.ones(4, np.float32)
    build_optimizer(spec, w, np.zeros_like(w), lambda: 0.0).update(0.1, 1)
    np.testing.assert_array_equal(w, 1)
