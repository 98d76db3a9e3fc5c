"""Autoencoders: equal weights and batches give the same losses and gradients as PyTorch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.batches import Batches
from engine.data.split_arrays import SplitArrays
from engine.data.table import Column
from engine.losses.build import build_loss
from engine.metrics.anomaly_scores import row_errors, squared_errors
from engine.network import build_network, initialize_network
from engine.optimizers.build import build_optimizer
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from tests.engine.examples import FLOAT64, describe, draw, numbers

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

ROWS, STEPS = 40, 6
ACTIVATIONS: dict[str, Any] = {"relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "linear": None}
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "mean_squared_error": lambda y, x: ((y - x) ** 2).mean(dim=1),
    "half_squared_error": lambda y, x: ((y - x) ** 2).sum(dim=1) / 2,
    "mean_absolute_error": lambda y, x: (y - x).abs().mean(dim=1),
    "huber": lambda y, x: torch.nn.functional.huber_loss(y, x, reduction="none").mean(dim=1),
    "log_cosh": lambda y, x: torch.log(torch.cosh(y - x)).mean(dim=1),
}


def random_spec(seed: int) -> ResolvedSpec:
    """Return an autoencoder with random layers and loss; every fifth is the default one."""
    random = np.random.default_rng(seed)
    inputs = int(random.integers(1, 9))
    columns: dict[str, Column] = {
        f"x{index}": numbers(*draw(ROWS, seed=index)) for index in range(inputs)
    }
    asked: dict[str, Any] = {"task": "reconstruction", "dtype": "float64", "validation": None}
    if seed % 5:
        layers = [
            {
                "type": "dense",
                "units": int(random.integers(1, 7)),
                "activation": str(random.choice(list(ACTIVATIONS))),
                "use_bias": bool(random.integers(2)),
            }
            for _ in range(random.integers(0, 4))
        ]
        asked["network"] = {"layers": layers}
        asked["loss"] = str(random.choice(list(LOSSES)))
    return resolve(TrainingSpec.model_validate(asked | {"batch_size": 16}), describe(columns)).spec


class Reference:
    """The same network and loss in PyTorch."""

    def __init__(self, spec: ResolvedSpec, weights: Mapping[str, NDArray[Any]]) -> None:
        layers: Any = spec.network.layers
        self._activations = [str(layer.activation) for layer in layers]
        self._loss: Any = LOSSES[spec.loss.type]
        self.tensors = {
            name: torch.tensor(array, requires_grad=True) for name, array in weights.items()
        }

    def forward(self, x: NDArray[Any]) -> Any:
        y = torch.from_numpy(x)
        for index, activation in enumerate([*self._activations, "linear"]):
            name = f"layers.{index}" if index < len(self._activations) else "output"
            y = y @ self.tensors[f"{name}.weight"]
            if f"{name}.bias" in self.tensors:
                y = y + self.tensors[f"{name}.bias"]
            if ACTIVATIONS[activation] is not None:
                y = getattr(torch, ACTIVATIONS[activation])(y)
        return y

    def step(self, x: NDArray[Any]) -> float:
        """Return the loss of the batch, and compute the gradients of `tensors`."""
        loss = self._loss(self.forward(x), torch.from_numpy(x)).mean()
        loss.backward()
        return float(loss.item())


@pytest.mark.parametrize("seed", range(20))
def test_steps_of_an_autoencoder_are_equal(seed: int) -> None:
    spec = random_spec(seed)
    inputs = len(spec.features)
    x = draw(ROWS, inputs, seed=seed)
    network = build_network(spec.network_for(inputs), inputs, FLOAT64)
    initialize_network(network, seed)
    loss = build_loss(spec.loss, spec.network_for(inputs).output, FLOAT64)
    update = build_optimizer(spec.optimizer, network.trained, network.gradients, lambda: 0.0)
    batches = Batches(SplitArrays(x, x), batch_size=16, shuffle=True, seed=seed)
    for step in range(STEPS):
        batches.begin(step // batches.steps)
        batch = batches.batch(step % batches.steps)
        reference = Reference(spec, network.named_parameters())
        before = batch.x.copy()
        found = loss.forward(network.forward(batch.x), batch.y, batch.weights)
        network.backward(loss.backward())
        # The inputs, which are the targets too, are not overwritten.
        np.testing.assert_array_equal(batch.x, before)
        assert found == pytest.approx(reference.step(before), rel=1e-12, abs=1e-14)
        for name, gradient in network.gradient_views().items():
            expected = reference.tensors[name].grad.numpy()
            np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13, err_msg=name)
        update.update(spec.optimizer.learning_rate, step + 1)


@pytest.mark.parametrize("seed", range(5))
def test_errors_of_rows_are_equal(seed: int) -> None:
    spec = random_spec(seed)
    inputs = len(spec.features)
    x = draw(ROWS, inputs, seed=seed)
    network = build_network(spec.network_for(inputs), inputs, FLOAT64)
    initialize_network(network, seed)
    reference = Reference(spec, network.named_parameters())
    expected = LOSSES["mean_squared_error"](reference.forward(x), torch.from_numpy(x))
    found = row_errors(squared_errors(network.predict(x), x))
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-12)
