"""Every loss has the same value and the same gradient of the logits as PyTorch's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    Hinge,
    Huber,
    LossName,
    LossSpec,
    MeanAbsoluteError,
    OutputActivation,
    Poisson,
    Quantile,
)
from tests.engine.examples import draw
from tests.engine.loss_examples import (
    PAIR_NAMES,
    PAIRS,
    make_loss,
    suitable_targets,
    units_for,
)

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)
F = torch.nn.functional

ROWS, UNITS = 40, 5
# PyTorch requires a positive epsilon, which it adds to the divisor.
NOTHING = 1e-300
ACTIVATIONS: dict[OutputActivation, Callable[[Any], Any]] = {
    "softmax": lambda z: torch.softmax(z, 1),
    "sigmoid": torch.sigmoid,
    "linear": lambda z: z,
    "softplus": lambda z: F.softplus(z, threshold=700),
    "exponential": torch.exp,
}
# Errors per row, from outputs and targets.
ERRORS: dict[LossName, Callable[[Any, Any, Any], Any]] = {
    "mean_squared_error": lambda p, y, _: F.mse_loss(p, y, reduction="none").mean(1),
    "half_squared_error": lambda p, y, _: F.mse_loss(p, y, reduction="none").sum(1) / 2,
    "mean_absolute_error": lambda p, y, _: F.l1_loss(p, y, reduction="none").mean(1),
    "huber": lambda p, y, spec: F.huber_loss(p, y, reduction="none", delta=spec.delta).mean(1),
    "log_cosh": lambda p, y, _: torch.log(torch.cosh(p - y)).mean(1),
    "quantile": lambda p, y, spec: torch.maximum(
        spec.quantile * (y - p), (spec.quantile - 1) * (y - p)
    ).mean(1),
}


def rows_by_torch(spec: LossSpec, output: OutputActivation, z: Any, y: Any) -> Any:
    """Return the loss per row, not reduced."""
    match spec, output:
        case CrossEntropy(), "softmax":
            return F.cross_entropy(z, y, reduction="none", label_smoothing=spec.label_smoothing)
        case CrossEntropy(), _:
            share = spec.label_smoothing / UNITS
            q = F.one_hot(y, UNITS).double() * (1 - spec.label_smoothing) + share
            return -(q * F.logsigmoid(z)).sum(1)
        case BinaryCrossEntropy(), "sigmoid":
            return F.binary_cross_entropy_with_logits(z, y, reduction="none").mean(1)
        case BinaryCrossEntropy(), _:
            return F.binary_cross_entropy(torch.softmax(z, 1), y, reduction="none").mean(1)
        case Hinge(), _:
            return F.multi_margin_loss(z, y, p=1, margin=spec.margin, reduction="none")
        case Poisson(), "exponential":
            return F.poisson_nll_loss(z, y, log_input=True, reduction="none").mean(1)
        case Poisson(), _:
            p = ACTIVATIONS[output](z)
            loss = F.poisson_nll_loss(p, y, log_input=False, eps=NOTHING, reduction="none")
            return loss.mean(1)
        case Gaussian(), _:
            means, log_variances = z.chunk(2, dim=1)
            variance = log_variances.exp()
            loss = F.gaussian_nll_loss(means, y, variance, eps=NOTHING, reduction="none")
            return loss.mean(1)
        case _:
            return ERRORS[spec.type](ACTIVATIONS[output](z), y, spec)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
def test_value_and_gradient(spec: LossSpec, output: OutputActivation, weighted: bool) -> None:
    units = units_for(spec, UNITS)
    z, y = 2 * draw(ROWS, units), suitable_targets(spec, ROWS, units)
    weights = 2 * np.random.default_rng(2).random(ROWS) if weighted else None
    loss = make_loss(spec, output, units)
    theirs = torch.from_numpy(z).requires_grad_()
    rows = rows_by_torch(spec, output, theirs, torch.from_numpy(y))
    value = (rows if weights is None else rows * torch.from_numpy(weights)).mean()
    value.backward()
    assert loss.forward(z, y, weights) == pytest.approx(value.item(), rel=1e-9)
    np.testing.assert_allclose(loss.backward(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_class_weights_are_row_weights() -> None:
    z, y = draw(ROWS, UNITS), suitable_targets(CrossEntropy(), ROWS, UNITS)
    class_weights = np.array([1.0, 0.0, 3.0, 0.5, 2.0])
    theirs = torch.from_numpy(z).requires_grad_()
    value = F.cross_entropy(
        theirs, torch.from_numpy(y), weight=torch.from_numpy(class_weights), reduction="sum"
    )
    (value / ROWS).backward()
    loss = make_loss(CrossEntropy(), "softmax", UNITS)
    assert loss.forward(z, y, class_weights[y]) * ROWS == pytest.approx(value.item(), rel=1e-9)
    np.testing.assert_allclose(loss.backward(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "spec",
    [MeanAbsoluteError(), Quantile(quantile=0.3), Huber(delta=1), Hinge()],
    ids=lambda spec: spec.type,
)
def test_gradient_on_a_kink(spec: LossSpec) -> None:
    z = np.array([[0.0, 1.0, -1.0]])
    y = np.array([0]) if isinstance(spec, Hinge) else np.zeros((1, 3))
    theirs = torch.from_numpy(z).requires_grad_()
    rows_by_torch(spec, "linear", theirs, torch.from_numpy(y)).mean().backward()
    loss = make_loss(spec, "linear", 3)
    loss.forward(z, y)
    np.testing.assert_allclose(loss.backward(), theirs.grad.numpy(), rtol=1e-9)
