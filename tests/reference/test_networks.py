"""Random trainings by seed: networks, losses, optimizers, clips, schedules and weights of rows.

PyTorch computes the same trainings from the same initial weights and the same batches, with
modules, losses and optimizers of its own. Every loss, gradient norm and final weight must agree.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.preparation.prepared_data import PreparedData
from engine.schedules import build_schedule
from engine.specs import (
    BatchNormalizationSpec,
    ClipByNorm,
    DenseSpec,
    LayerNormalizationSpec,
    ResidualSpec,
    ResolvedSpec,
    TrainingSpec,
)
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import prepared

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)
functional = torch.nn.functional

FEATURES, CLASSES, EPOCHS = 5, 3, 3
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    # PyTorch's own has a gradient of 1/6 in single precision.
    "hard_sigmoid": lambda x: torch.clamp(x / 6 + 0.5, 0, 1),
}
# The loss of each row, from logits and targets.
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "cross_entropy": lambda z, y: functional.cross_entropy(z, y, reduction="none"),
    "hinge": lambda z, y: torch.stack(
        [functional.multi_margin_loss(row[None], one[None]) for row, one in zip(z, y, strict=True)]
    ),
    "mean_squared_error": lambda z, y: ((z - y) ** 2).mean(1),
    "half_squared_error": lambda z, y: ((z - y) ** 2).sum(1) / 2,
    "mean_absolute_error": lambda z, y: (z - y).abs().mean(1),
    "huber": lambda z, y: functional.huber_loss(z, y, reduction="none").mean(1),
    "log_cosh": lambda z, y: torch.log(torch.cosh(z - y)).mean(1),
    "gaussian": lambda z, y: functional.gaussian_nll_loss(
        z[:, :1], y, torch.exp(z[:, 1:]), reduction="none", eps=1e-300
    ).mean(1),
}
# A large ε: with a small one, adaptive optimizers turn the rounding of a gradient of 0 into steps.
EPSILON, EPS = {"epsilon": 1e-3}, {"eps": 1e-3}
OPTIMIZERS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"type": "sgd"}, "SGD", {}),
    ({"type": "sgd", "momentum": 0.8}, "SGD", {"momentum": 0.8}),
    (
        {"type": "sgd", "momentum": 0.8, "nesterov": True},
        "SGD",
        {"momentum": 0.8, "nesterov": True},
    ),
    ({"type": "adam"} | EPSILON, "Adam", EPS),
    ({"type": "adamw", "weight_decay": 0.1} | EPSILON, "AdamW", {"weight_decay": 0.1} | EPS),
    ({"type": "amsgrad"} | EPSILON, "Adam", {"amsgrad": True} | EPS),
    ({"type": "nadam"} | EPSILON, "NAdam", EPS),
    ({"type": "rmsprop", "momentum": 0.5} | EPSILON, "RMSprop", {"momentum": 0.5} | EPS),
    ({"type": "adagrad"} | EPSILON, "Adagrad", EPS),
    ({"type": "adadelta"} | EPSILON, "Adadelta", EPS),
]
SCHEDULES = ["constant", "cosine", "exponential", "one_cycle", {"type": "step", "every_epochs": 1}]


def pick(random: np.random.Generator, values: list[Any]) -> Any:
    return values[random.integers(len(values))]


def draw_layer(random: np.random.Generator, *, is_nested: bool = False) -> dict[str, Any]:
    kind = random.integers(8)
    if kind == 0:
        return {"type": "batch_normalization", "epsilon": 0.1}
    if kind == 1:
        return {"type": "layer_normalization", "epsilon": 0.1}
    if kind == 2 and not is_nested:
        return {"type": "residual", "layers": [draw_layer(random, is_nested=True)]}
    activation = pick(random, list(ACTIVATIONS))
    if is_nested:
        return {"type": "activation", "activation": activation}
    return {
        "type": "dense",
        "units": int(random.integers(2, 7)),
        "activation": activation,
        "use_bias": bool(random.integers(4)),
        "l1": pick(random, [0.0, 0.0, 0.01]),
        "l2": pick(random, [0.0, 0.0, 0.01]),
        "frozen": bool(random.random() < 0.1),
    }


def draw_request(random: np.random.Generator) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """Return a request, and the name and options of its optimizer in PyTorch."""
    optimizer, name, options = pick(random, OPTIMIZERS)
    loss = pick(random, list(LOSSES))
    is_weighted = bool(random.integers(2))
    rate = float(10 ** random.uniform(-3, -1.5))
    request = {
        "target": "kind" if loss in {"cross_entropy", "hinge"} else "number",
        "features": [f"x{index}" for index in range(FEATURES)],
        "network": {
            "layers": [draw_layer(random) for _ in range(random.integers(4))],
            "output": {"activation": "softmax"} if loss == "cross_entropy" else {},
        },
        "loss": loss,
        "optimizer": optimizer | {"learning_rate": rate},
        "schedule": pick(random, SCHEDULES),
        "gradient_clip": pick(
            random,
            [None, {"type": "norm", "limit": 0.1}, {"type": "value", "limit": 0.01}],
        ),
        "batch_size": pick(random, [2, 7, 16, 32, "full"]),
        "shuffle": bool(random.integers(2)),
        "sample_weight": "weight" if is_weighted else None,
        "epochs": EPOCHS,
        "validation": None,
        "dtype": "float64",
        "seed": int(random.integers(1000)),
    }
    return request, name, options


def draw_table(random: np.random.Generator) -> dict[str, Column]:
    rows = int(random.integers(20, 50))
    codes = np.arange(rows, dtype=np.int32) % CLASSES
    columns: dict[str, Column] = {
        f"x{index}": NumericColumn(random.normal(size=rows)) for index in range(FEATURES)
    }
    return columns | {
        "number": NumericColumn(random.normal(3, 2, rows)),
        "kind": CategoricalColumn(random.permutation(codes), ("a", "b", "c")),
        "weight": NumericColumn(random.uniform(0.1, 3, rows)),
    }


class Reference:
    """The network of a spec in PyTorch, with the parameters of ours by name."""

    def __init__(self, spec: ResolvedSpec, weights: dict[str, Any]) -> None:
        self.spec = spec
        self.states = {name: torch.tensor(value) for name, value in weights.items()}
        self.penalties: list[tuple[str, float, float]] = []
        self.trained: list[str] = []
        self._mark("layers", spec.network.layers)
        self._mark_dense("output", spec.network.output)
        for name in self.trained:
            self.states[name].requires_grad_()

    def _mark(self, prefix: str, layers: Any) -> None:
        for index, layer in enumerate(layers):
            name = f"{prefix}.{index}"
            match layer:
                case ResidualSpec():
                    self._mark(f"{name}.layers", layer.layers)
                case DenseSpec():
                    self._mark_dense(name, layer)
                case BatchNormalizationSpec() | LayerNormalizationSpec():
                    self.trained += [f"{name}.scale", f"{name}.shift"]

    def _mark_dense(self, name: str, layer: Any) -> None:
        if layer.frozen:
            return
        self.trained += [one for one in (f"{name}.weight", f"{name}.bias") if one in self.states]
        self.penalties.append((f"{name}.weight", layer.l1, layer.l2))

    def logits(self, x: Any) -> Any:
        x = self._run("layers", self.spec.network.layers, x)
        return self._dense("output", x)

    def _dense(self, name: str, x: Any) -> Any:
        return functional.linear(
            x, self.states[f"{name}.weight"].T, self.states.get(f"{name}.bias")
        )

    def _run(self, prefix: str, layers: Any, x: Any) -> Any:
        for index, layer in enumerate(layers):
            name = f"{prefix}.{index}"
            match layer:
                case ResidualSpec():
                    x = x + self._run(f"{name}.layers", layer.layers, x)
                case DenseSpec():
                    x = ACTIVATIONS[str(layer.activation)](self._dense(name, x))
                case BatchNormalizationSpec():
                    x = functional.batch_norm(
                        x,
                        self.states[f"{name}.running_mean"],
                        self.states[f"{name}.running_variance"],
                        self.states[f"{name}.scale"],
                        self.states[f"{name}.shift"],
                        training=True,
                        momentum=1 - layer.momentum,
                        eps=layer.epsilon,
                    )
                case LayerNormalizationSpec():
                    x = functional.layer_norm(
                        x,
                        x.shape[1:],
                        self.states[f"{name}.scale"],
                        self.states[f"{name}.shift"],
                        layer.epsilon,
                    )
                case _:
                    x = ACTIVATIONS[str(layer.activation)](x)
        return x

    def penalty(self) -> Any:
        terms = [
            l1 * self.states[name].abs().sum() + l2 * (self.states[name] ** 2).sum()
            for name, l1, l2 in self.penalties
        ]
        return sum(terms, torch.zeros(()))


def reference_epochs(
    reference: Reference, training: Training, data: PreparedData, name: str, options: dict[str, Any]
) -> Iterator[tuple[float, float]]:
    """Train in PyTorch with our batches; yield each epoch's loss and last gradient norm."""
    spec, batches = reference.spec, training._batches
    parameters = [reference.states[one] for one in reference.trained]
    optimizer = getattr(torch.optim, name)(parameters, lr=spec.optimizer.learning_rate, **options)
    schedule = build_schedule(
        spec.schedule, spec.optimizer.learning_rate, batches.steps, spec.epochs
    )
    for epoch in range(EPOCHS):
        batches.begin(epoch)
        total = norm = 0.0
        for step in range(batches.steps):
            batch = batches.batch(step)
            y = torch.tensor(batch.y)
            losses = LOSSES[spec.loss.type](reference.logits(torch.tensor(batch.x)), y)
            weights = 1 if batch.weights is None else torch.tensor(batch.weights)
            loss = (losses * weights).mean()
            optimizer.zero_grad()
            (loss + reference.penalty()).backward()
            norm = math.hypot(*(float(one.grad.norm()) for one in parameters))
            clip(spec, parameters, norm)
            optimizer.param_groups[0]["lr"] = schedule.rate(epoch * batches.steps + step)
            optimizer.step()
            total += len(y) * loss.item()
        yield total / len(data.x), norm


def clip(spec: ResolvedSpec, parameters: list[Any], norm: float) -> None:
    limit = math.inf if spec.gradient_clip is None else spec.gradient_clip.limit
    for one in parameters:
        if isinstance(spec.gradient_clip, ClipByNorm):
            one.grad *= min(1.0, limit / norm)
        else:
            one.grad.clamp_(-limit, limit)


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    """Set float64 as default, because NAdam creates a state scalar in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_training_is_that_of_pytorch(seed: int) -> None:
    random = np.random.default_rng(seed)
    request, name, options = draw_request(random)
    spec, data = prepared(TrainingSpec.model_validate(request), draw_table(random))
    training = Training(spec, data)
    reference = Reference(spec, training.weights())
    other = Training(spec, data)
    expected = list(reference_epochs(reference, other, data, name, options))
    for record, (loss, norm) in zip(train(training), expected, strict=True):
        assert record.loss == pytest.approx(loss, rel=1e-9, abs=1e-12)
        assert record.gradient_norm == pytest.approx(norm, rel=1e-9, abs=1e-12)
    for weight, ours in training.weights().items():
        theirs = reference.states[weight].detach().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11, err_msg=weight)
