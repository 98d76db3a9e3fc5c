"""Whole trainings: equal initial weights and batches give the same final weights as PyTorch."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.batches import Batches
from engine.data.split_arrays import SplitArrays
from engine.data.table import ColumnSchema, TableSchema
from engine.losses.build import build_loss
from engine.network import build_network, initialize_network
from engine.optimizers.build import build_optimizer
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

ROWS, FEATURES, CLASSES, STEPS = 60, 7, 4, 20
ACTIVATIONS = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}
OPTIMIZERS = {
    "sgd": ({"type": "sgd", "learning_rate": 0.1}, "SGD", {"lr": 0.1}),
    "momentum": (
        {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        "SGD",
        {"lr": 0.05, "momentum": 0.9},
    ),
    "adam": ({"type": "adam", "learning_rate": 0.01}, "Adam", {"lr": 0.01}),
}


def resolved(**spec: Any) -> ResolvedSpec:
    """Return the spec of a classification of FEATURES inputs into CLASSES, in float64."""
    columns = [ColumnSchema(f"x{i}", "numeric", 0, None) for i in range(FEATURES)]
    columns.append(ColumnSchema("y", "categorical", 0, CLASSES))
    asked = {"target": "y", "dtype": "float64", "batch_size": 16, "validation": None, **spec}
    return resolve(TrainingSpec.model_validate(asked), TableSchema(ROWS, tuple(columns))).spec


def batches(spec: ResolvedSpec) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield STEPS batches in the engine's order."""
    random = np.random.default_rng(1)
    x, y = random.normal(size=(ROWS, FEATURES)), random.integers(0, CLASSES, ROWS)
    made = Batches(SplitArrays(x, y), batch_size=spec.batch_size, shuffle=True, seed=spec.seed)
    for step in range(STEPS):
        made.begin(step // made.steps)
        batch = made.batch(step % made.steps)
        yield batch.x.copy(), batch.y.copy()


def torch_network(spec: ResolvedSpec, activation: str, weights: dict[str, NDArray[Any]]) -> Any:
    """Return the same network in PyTorch, with the same weights."""
    modules: list[Any] = []
    names = [f"layers.{i}" for i in range(len(spec.network.layers))]
    for name in [*names, "output"]:
        weight = torch.from_numpy(weights[f"{name}.weight"].T.copy())
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        linear.weight.data = weight
        linear.bias.data = torch.from_numpy(weights[f"{name}.bias"].copy())
        modules.append(linear)
        if name != "output":
            modules.append(getattr(torch.nn, ACTIVATIONS[activation])())
    return torch.nn.Sequential(*modules)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_twenty_steps_end_in_the_same_weights(activation: str, optimizer: str) -> None:
    ours, name, options = OPTIMIZERS[optimizer]
    layers = [{"type": "dense", "units": units, "activation": activation} for units in (8, 5)]
    spec = resolved(network={"layers": layers}, optimizer=ours)
    network = build_network(spec.network, FEATURES, np.dtype(np.float64))
    initialize_network(network, spec.seed)
    loss = build_loss(spec.loss, spec.network.output, np.dtype(np.float64))
    update = build_optimizer(spec.optimizer, network.trained, network.gradients, lambda: 0.0)
    other = torch_network(spec, activation, network.named_parameters())
    other_update = getattr(torch.optim, name)(other.parameters(), **options)
    for step, (x, y) in enumerate(batches(spec), start=1):
        ours_loss = loss.forward(network.forward(x), y)
        network.backward(loss.backward())
        update.update(spec.optimizer.learning_rate, step)
        other_update.zero_grad()
        other_loss = torch.nn.functional.cross_entropy(
            other(torch.from_numpy(x)), torch.from_numpy(y)
        )
        other_loss.backward()
        other_update.step()
        assert ours_loss == pytest.approx(other_loss.item(), rel=1e-9)
    for (name, ours_weight), theirs in zip(
        network.named_parameters().items(), other.parameters(), strict=True
    ):
        reference = (
            theirs.detach().numpy().T if name.endswith("weight") else theirs.detach().numpy()
        )
        np.testing.assert_allclose(ours_weight, reference, rtol=1e-9, atol=1e-12, err_msg=name)
