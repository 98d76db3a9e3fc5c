"""Every optimizer and gradient clipping that PyTorch has makes the same steps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.optimizers.build import build_optimizer
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    ClipByNorm,
    ClipByValue,
    Lbfgs,
    Nadam,
    OptimizerSpec,
    Rmsprop,
    Sgd,
)
from engine.training.gradient_clipping import build_clip
from tests.engine.examples import draw

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

ROWS, FEATURES, UNITS, STEPS = 40, 6, 4, 20
SIZE = FEATURES * UNITS + UNITS
BETAS = {"betas": (0.8, 0.95), "eps": 1e-3}
SEARCH = {
    "max_iter": 1,
    "tolerance_grad": 0,
    "tolerance_change": 1e-9,
    "line_search_fn": "strong_wolfe",
}
CASES: list[tuple[OptimizerSpec, float, str, dict[str, Any]]] = [
    (Sgd(), 0.1, "SGD", {}),
    (Sgd(momentum=0.9), 0.05, "SGD", {"momentum": 0.9}),
    (Sgd(momentum=0.9, nesterov=True), 0.05, "SGD", {"momentum": 0.9, "nesterov": True}),
    (Adagrad(), 0.1, "Adagrad", {}),
    (Adadelta(), 1.0, "Adadelta", {}),
    (Adadelta(rho=0.5, epsilon=1e-3), 0.5, "Adadelta", {"rho": 0.5, "eps": 1e-3}),
    (Rmsprop(), 0.01, "RMSprop", {}),
    (
        Rmsprop(rho=0.9, momentum=0.5, epsilon=1e-3),
        0.01,
        "RMSprop",
        {"alpha": 0.9, "momentum": 0.5, "eps": 1e-3},
    ),
    (Adam(), 0.01, "Adam", {}),
    (Adam(beta1=0.8, beta2=0.95, epsilon=1e-3), 0.1, "Adam", BETAS),
    (Adamw(), 0.01, "AdamW", {}),
    (
        Adamw(beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.5),
        0.1,
        "AdamW",
        {**BETAS, "weight_decay": 0.5},
    ),
    (Amsgrad(), 0.01, "Adam", {"amsgrad": True}),
    (Amsgrad(beta1=0.8, beta2=0.95, epsilon=1e-3), 0.3, "Adam", {**BETAS, "amsgrad": True}),
    (Nadam(), 0.01, "NAdam", {}),
    (
        Nadam(beta1=0.8, beta2=0.95, epsilon=1e-3, momentum_decay=0.1),
        0.1,
        "NAdam",
        {**BETAS, "momentum_decay": 0.1},
    ),
    (Lbfgs(), 1.0, "LBFGS", {**SEARCH, "history_size": 10, "max_eval": 25}),
    (Lbfgs(history=2), 0.3, "LBFGS", {**SEARCH, "history_size": 2, "max_eval": 25}),
    (Lbfgs(max_evaluations=3), 5.0, "LBFGS", {**SEARCH, "history_size": 10, "max_eval": 3}),
]


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    """Set float64 as default, because NAdam creates a state scalar in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def loss_of(w: Any) -> Any:
    """Return the loss of a small network with weights w on fixed data."""
    x, y = (torch.from_numpy(draw(ROWS, size, seed=size)) for size in (FEATURES, 1))
    hidden = torch.tanh(x @ w[: FEATURES * UNITS].reshape(FEATURES, UNITS))
    return ((hidden @ w[FEATURES * UNITS :, None] - y) ** 2).mean()


def their_path(rate: float, name: str, options: dict[str, Any]) -> Iterator[Floats]:
    w = torch.tensor(draw(SIZE), requires_grad=True)
    optimizer = getattr(torch.optim, name)([w], lr=rate, **options)

    def evaluate() -> Any:
        optimizer.zero_grad()
        loss = loss_of(w)
        loss.backward()
        return loss

    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rate * 0.95**step
        optimizer.step(evaluate)
        yield w.detach().numpy().copy()


def our_path(spec: OptimizerSpec, rate: float) -> Iterator[Floats]:
    w, g = draw(SIZE), np.empty(SIZE)

    def evaluate() -> float:
        theirs = torch.tensor(w, requires_grad=True)
        loss = loss_of(theirs)
        loss.backward()
        g[:] = theirs.grad.numpy()
        return float(loss.item())

    optimizer = build_optimizer(spec, w, g, evaluate)
    for step in range(STEPS):
        evaluate()
        optimizer.update(rate * 0.95**step, step + 1)
        yield w.copy()


@pytest.mark.parametrize(
    ("spec", "rate", "name", "options"), CASES, ids=[repr(case[0]) for case in CASES]
)
def test_twenty_steps_end_in_the_same_weights(
    spec: OptimizerSpec, rate: float, name: str, options: dict[str, Any]
) -> None:
    paths = zip(our_path(spec, rate), their_path(rate, name, options), strict=True)
    for step, (ours, theirs) in enumerate(paths):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=f"step {step}")


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0])
def test_clipped_by_norm_gradients_are_the_same(limit: float) -> None:
    ours, theirs = draw(50), torch.zeros(50, requires_grad=True)
    theirs.grad = torch.from_numpy(draw(50))
    build_clip(ClipByNorm(limit=limit))(ours)
    norm = torch.nn.utils.clip_grad_norm_([theirs], limit).item()
    # PyTorch divides by ‖g‖ + 10⁻⁶, not by ‖g‖, which documentation and paper have.
    factor = 1.0 if norm < limit else (norm + 1e-6) / norm
    np.testing.assert_allclose(ours, factor * theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0])
def test_clipped_by_value_gradients_are_the_same(limit: float) -> None:
    ours, theirs = draw(50), torch.zeros(50, requires_grad=True)
    theirs.grad = torch.from_numpy(draw(50))
    build_clip(ClipByValue(limit=limit))(ours)
    torch.nn.utils.clip_grad_value_([theirs], limit)
    np.testing.assert_array_equal(ours, theirs.grad.numpy())
