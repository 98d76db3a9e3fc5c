"""A changed step is the step that PyTorch takes after the same change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.explain.counterfactual.compare_steps import compare_steps
from engine.explain.trace_step import trace_step
from engine.specs.step_change import StepChange
from engine.training.step_inputs import StepInputs
from tests.engine.explain.steps import step_of

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

STEPS = 5
ADAM = {"type": "adam", "learning_rate": 0.05}
SGD = {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9}


def adam(**options: Any) -> Callable[..., Any]:
    return lambda parameters: torch.optim.Adam(parameters, **{"lr": 0.05} | options)


def sgd(**options: Any) -> Callable[..., Any]:
    return lambda parameters: torch.optim.SGD(parameters, **{"lr": 0.05, "momentum": 0.9} | options)


def set_group(**options: Any) -> Callable[[Any, Any], Any]:
    """Return a change of options of an optimizer that keeps its state."""

    def change(optimizer: Any, _parameters: Any) -> Any:
        optimizer.param_groups[0].update(options)
        return optimizer

    return change


def start_anew(build: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Return a change to another optimizer."""
    return lambda _optimizer, parameters: build(parameters)


def keep(optimizer: Any, _parameters: Any) -> Any:
    return optimizer


# The optimizer, the change, and the same change in PyTorch.
CASES: dict[str, tuple[dict[str, Any], Any, dict[str, Any], Any]] = {
    "rate": (ADAM, adam(), {"learning_rate": 0.4}, set_group(lr=0.4)),
    "beta1": (
        ADAM,
        adam(),
        {"optimizer": ADAM | {"beta1": 0.5}},
        set_group(betas=(0.5, 0.999)),
    ),
    "beta2": (
        ADAM,
        adam(),
        {"optimizer": ADAM | {"beta2": 0.9}},
        set_group(betas=(0.9, 0.9)),
    ),
    "adam to sgd": (ADAM, adam(), {"optimizer": SGD}, start_anew(sgd())),
    "sgd to adam": (SGD, sgd(), {"optimizer": ADAM}, start_anew(adam())),
    "momentum": (SGD, sgd(), {"optimizer": SGD | {"momentum": 0.5}}, set_group(momentum=0.5)),
    "clip": (SGD, sgd(), {"gradient_clip": {"type": "norm", "limit": 0.05}}, keep),
    "loss": (SGD, sgd(), {"loss": "mean_absolute_error"}, keep),
}


def after_steps(inputs: StepInputs) -> StepInputs:
    """Return the step after STEPS steps on the same rows."""
    for step in range(STEPS):
        inputs = replace(inputs, arrays=trace_step(inputs).after, step=step + 1)
    return inputs


class Reference:
    """The same network in PyTorch, trained for STEPS steps."""

    def __init__(self, inputs: StepInputs, build: Any) -> None:
        named = {one.name: torch.tensor(one.before) for one in trace_step(inputs).parameters}
        self.parameters = [one.requires_grad_() for one in named.values()]
        self.x, self.y = torch.tensor(inputs.batch.x), torch.tensor(inputs.batch.y)
        self.optimizer = build(self.parameters)
        for _ in range(STEPS):
            self.step(torch.nn.functional.mse_loss)

    def outputs(self) -> Any:
        first, first_bias, last, last_bias = self.parameters
        return torch.tanh(self.x @ first + first_bias) @ last + last_bias

    def step(self, loss: Any, clip: float | None = None) -> None:
        self.optimizer.zero_grad()
        loss(self.outputs(), self.y).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, clip)
        self.optimizer.step()


@pytest.mark.parametrize("name", CASES)
def test_the_changed_step_is_that_of_pytorch(name: str) -> None:
    optimizer, build, change, change_reference = CASES[name]
    layers = [{"type": "dense", "units": 4, "activation": "tanh"}]
    first = step_of(layers, optimizer=optimizer)
    actual, changed = Reference(first, build), Reference(first, build)
    changed.optimizer = change_reference(changed.optimizer, changed.parameters)
    is_other = name == "loss"
    losses = torch.nn.functional.l1_loss if is_other else torch.nn.functional.mse_loss
    changed.step(losses, clip=0.05 if name == "clip" else None)
    actual.step(torch.nn.functional.mse_loss)

    found = compare_steps(after_steps(first), StepChange.model_validate(change))
    for field, reference in (("actual", actual), ("changed", changed)):
        outputs = reference.outputs().detach()
        rows = np.array([getattr(row, field) for row in found.batch.outputs])
        # PyTorch's clipping adds 1e-6 to the norm.
        np.testing.assert_allclose(rows, outputs.numpy(), rtol=1e-4 if name == "clip" else 1e-9)
        loss = torch.nn.functional.mse_loss(outputs, reference.y).item()
        assert getattr(found.batch.losses, field) == pytest.approx(loss, rel=1e-5)
