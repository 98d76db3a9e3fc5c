"""Explanations of training steps: the bits of training, and the numbers of PyTorch's autograd."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.explain.explanation.slots import textbook_slots
from engine.explain.single_step.build import GivenStep, build_step_inputs
from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import trace_step
from engine.specs import ClipByNorm, LossSpec, OutputActivation, TrainingSpec
from engine.specs.step import StepSpec
from engine.training.step_inputs import StepInputs, build_train_step
from engine.training.training import Training
from tests.engine.examples import draw, prepared
from tests.engine.explain.test_trace_step import advance, assert_equal_to_training
from tests.engine.layer_examples import LayerJson, image
from tests.engine.layer_stacks import ACTIVATIONS
from tests.engine.loss_examples import PAIR_NAMES, PAIRS, suitable_targets, units_for
from tests.reference.hooked_network import HookedNetwork, pairs
from tests.reference.test_layers import CASES, FEATURES, dense, torch
from tests.reference.test_losses import ACTIVATIONS as PREDICTIONS
from tests.reference.test_losses import UNITS, rows_by_torch
from tests.reference.test_networks import (
    LOSSES,
    clip,
    double_precision,
    draw_request,
    draw_table,
)

__all__ = ["double_precision"]  # a fixture

ROWS = 6
# States of PyTorch's optimizers by the symbol in the formula of ours.
STATES = {
    "sgd": {"v": "momentum_buffer"},
    "rmsprop": {"s": "square_avg", "v": "momentum_buffer"},
    "adagrad": {"s": "sum"},
    "adadelta": {"s": "square_avg", "u": "acc_delta"},
    "amsgrad": {"m": "exp_avg", "v": "exp_avg_sq", "v_max": "max_exp_avg_sq"},
}
MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}
RowLosses = Callable[[Any, Any], Any]


# Bit for bit


@pytest.mark.parametrize("seed", range(60))
def test_a_random_step_is_explained_with_the_bits_of_training(seed: int) -> None:
    random = np.random.default_rng(seed)
    request, _, _ = draw_request(random)
    spec, data = prepared(TrainingSpec.model_validate(request), draw_table(random))
    training = Training(spec, data)
    last = training.next_step().steps_per_epoch * spec.epochs - 1
    for step in sorted({0, 1, last // 2, last}):
        advance(training, step)
        inputs = training.next_step()
        assert inputs.step == step
        trace = trace_step(inputs)
        assert_equal_to_training(training, trace)
        assert_equal_parts(training, trace)


def assert_equal_parts(training: Training, trace: StepTrace) -> None:
    """Compare what the training's own step has left: losses and clipped gradients."""
    step = training._loop._train_step
    np.testing.assert_array_equal(step.loss.row_losses, trace.row_losses)
    assert step.learning_rate == trace.learning_rate
    for name, gradient in step.network.gradient_views().items():
        clipped = next(one.clipped for one in trace.parameters if one.name == name)
        assert clipped is not None
        np.testing.assert_array_equal(gradient, clipped, err_msg=name)


# PyTorch


class Comparison:
    """Steps of one training, explained by the engine and computed by PyTorch.

    Args:
        spec: the training.
        inputs: inputs of its first step.
        losses: loss of each row in PyTorch, from logits and targets.
        name: name of the optimizer in PyTorch.
        options: its options.
    """

    def __init__(
        self,
        inputs: StepInputs,
        losses: RowLosses,
        name: str = "SGD",
        options: dict[str, Any] | None = None,
    ) -> None:
        self._spec, self._losses = inputs.spec, losses
        network = build_train_step(inputs).network
        self._names = list(network.gradient_views())
        weights = network.named_parameters()
        self._network = HookedNetwork(inputs.spec.network, weights, self._names)
        self._optimizer = getattr(torch.optim, name)(
            self._network.trained, lr=1.0, **(options or {})
        )

    def step(self, trace: StepTrace) -> None:
        """Take the step in PyTorch, and compare every number."""
        self._network.clear()
        logits = self._forward(trace)
        self._compare_states(trace, is_after=False)
        self._backward(trace, logits)
        self._optimizer.param_groups[0]["lr"] = trace.learning_rate
        self._optimizer.step()
        self._compare_weights(trace, "moved")
        self._network.limit_norms()
        self._compare_weights(trace, "after")
        self._compare_states(trace, is_after=True)

    def _forward(self, trace: StepTrace) -> Any:
        masks = {
            one.name: torch.tensor(one.mask.rows) for one in trace.layers if one.mask is not None
        }
        batch = trace.inputs.batch
        logits = self._network.logits(torch.tensor(batch.x, requires_grad=True), masks)
        for module, layer in pairs(self._network, trace.layers):
            close(layer.inputs.rows, module.values[0], f"{module.name} x")
            close(layer.outputs.rows, module.values[1], f"{module.name} y")
        return logits

    def _backward(self, trace: StepTrace, logits: Any) -> None:
        batch = trace.inputs.batch
        rows = self._losses(logits, torch.tensor(batch.y))
        close(trace.row_losses, rows.detach(), "losses of rows")
        weights = 1 if batch.weights is None else torch.tensor(batch.weights)
        loss = (rows * weights).mean()
        assert trace.loss == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
        loss.backward()
        self._compare_gradients(trace)
        self._compare_stage(trace, "loss_gradient")
        penalty = self._network.penalty()
        assert trace.penalty == pytest.approx(penalty.item(), rel=1e-9, abs=1e-12)
        if penalty.requires_grad:
            penalty.backward()
        self._compare_stage(trace, "gradient")
        norm = math.hypot(*(float(one.grad.norm()) for one in self._network.trained))
        assert trace.gradient_norm == pytest.approx(norm, rel=1e-9)
        clip(self._spec, self._network.trained, norm)
        if isinstance(self._spec.gradient_clip, ClipByNorm):
            expected = min(1.0, self._spec.gradient_clip.limit / norm)
            assert trace.clip_factor == pytest.approx(expected, rel=1e-9)
        self._compare_stage(trace, "clipped")

    def _compare_gradients(self, trace: StepTrace) -> None:
        """Compare ∂L/∂y and ∂L/∂x of every layer, which is δ, row by row."""
        assert trace.output_gradient is not None
        close(trace.output_gradient.rows, self._network.modules[-1].gradients[1], "logits")
        for module, layer in pairs(self._network, trace.layers):
            if layer.output_gradient is not None:
                close(layer.output_gradient.rows, module.gradients[1], f"{module.name} ∂y")
            if layer.input_gradient is not None:
                close(layer.input_gradient.rows, module.gradients[0], f"{module.name} ∂x")

    def _compare_stage(self, trace: StepTrace, stage: str) -> None:
        for one in trace.parameters:
            if one.name in self._names:
                theirs = self._network.tensors[one.name].grad
                close(getattr(one, stage), theirs, f"{one.name} {stage}")
            else:
                assert getattr(one, stage) is None

    def _compare_weights(self, trace: StepTrace, stage: str) -> None:
        for one in trace.parameters:
            theirs = self._network.tensors[one.name].detach()
            close(getattr(one, stage), theirs, f"{one.name} {stage}", atol=1e-11)

    def _compare_states(self, trace: StepTrace, *, is_after: bool) -> None:
        """Compare the optimizer's state as its formula has it; PyTorch has none before step 0."""
        names = STATES.get(self._spec.optimizer.type, MOMENTS)
        for one in trace.parameters:
            slots = textbook_slots(self._spec.optimizer, one.slots_before, one.slots_after)
            theirs = self._optimizer.state.get(self._network.tensors[one.name], {})
            for symbol, before_and_after in slots.items():
                ours = before_and_after[is_after]
                expected = theirs.get(names[symbol], torch.zeros(ours.shape))
                close(ours, expected, f"{one.name} {symbol}", atol=1e-11)


def close(ours: Floats | None, theirs: Any, name: str, atol: float = 1e-12) -> None:
    assert ours is not None, name
    assert theirs is not None, name
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=atol, err_msg=name)


def follow(comparison: Comparison, inputs: StepInputs, steps: int) -> StepTrace:
    """Compare consecutive steps on the same rows; return the last."""
    for _ in range(steps):
        trace = trace_step(inputs)
        comparison.step(trace)
        inputs = replace(inputs, arrays=trace.after, step=inputs.step + 1)
    return trace


def step_of(
    layers: list[LayerJson],
    x: Floats,
    targets: Any = None,
    *,
    units: int = 3,
    row_weights: list[float] | None = None,
    **options: Any,
) -> StepInputs:
    """Return a step whose parameters are not 0 or 1, so that errors in them show."""
    request = {
        "network": {"layers": layers, "output": {"units": units} | options.pop("output", {})},
        "loss": "cross_entropy",
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        **options,
    }
    classes = (np.arange(len(x)) % units).tolist()
    given = GivenStep(x.tolist(), classes if targets is None else targets, row_weights)
    inputs = build_step_inputs(StepSpec.model_validate(request), given)
    parameters = inputs.arrays["parameters"]
    parameters += 0.1 * np.abs(draw(len(parameters), seed=8))
    return inputs


def cross_entropy(z: Any, y: Any) -> Any:
    return torch.nn.functional.cross_entropy(z, y, reduction="none")


@pytest.mark.parametrize("seed", range(60))
def test_a_random_training_is_that_of_pytorch_number_by_number(seed: int) -> None:
    random = np.random.default_rng(seed)
    request, name, options = draw_request(random)
    spec, data = prepared(TrainingSpec.model_validate(request), draw_table(random))
    training = Training(spec, data)
    comparison = Comparison(training.next_step(), LOSSES[spec.loss.type], name, options)
    for step in range(4):
        advance(training, step)
        inputs = training.next_step()
        if inputs.step != step:
            break
        comparison.step(trace_step(inputs))


@pytest.mark.parametrize("case", CASES)
def test_every_layer(case: str) -> None:
    inputs = step_of(CASES[case], draw(ROWS, FEATURES, seed=4))
    follow(Comparison(inputs, cross_entropy), inputs, 3)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_every_activation(activation: Any) -> None:
    layers = [dense(9, activation), dense(5, activation)]
    inputs = step_of(layers, 2 * draw(ROWS, 6, seed=4))
    follow(Comparison(inputs, cross_entropy), inputs, 2)


@pytest.mark.parametrize("is_weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
def test_every_loss(spec: LossSpec, output: OutputActivation, is_weighted: bool) -> None:
    units = units_for(spec, UNITS)
    weights = [0.5, 0.0, 2.0, 1.5, 1.0, 1.0] if is_weighted else None
    inputs = step_of(
        [dense(4)],
        draw(ROWS, 6, seed=4),
        np.asarray(suitable_targets(spec, ROWS, units)).tolist(),
        units=units,
        row_weights=weights,
        loss=spec.model_dump(),
        output={"activation": output},
    )
    comparison = Comparison(inputs, lambda z, y: rows_by_torch(spec, output, z, y))
    trace = follow(comparison, inputs, 2)
    predictions = PREDICTIONS[output](torch.tensor(trace.layers[-1].outputs.rows))
    close(trace.outputs.rows, predictions, "predictions")


def test_an_embedding() -> None:
    tables = [{"position": 1, "codes": 6}, {"position": 3, "codes": 9}]
    x = draw(ROWS, 5, seed=4)
    for table in tables:
        codes = np.random.default_rng(2).integers(0, table["codes"], ROWS)
        x[:, table["position"]] = codes
    embedding = {"type": "embedding", "tables": tables, "l1": 0.01, "l2": 0.02}
    inputs = step_of([embedding, dense(7), {"type": "layer_normalization"}], x)
    follow(Comparison(inputs, cross_entropy), inputs, 3)


REGULARIZED: LayerJson = {"l1": 0.01, "l2": 0.02, "max_norm": 0.5}


@pytest.mark.parametrize("clip_type", ["norm", "value"])
def test_penalties_clipping_and_max_norm(clip_type: str) -> None:
    conv = {"type": "conv2d", "filters": 3, "kernel_size": 2, "activation": "relu", **REGULARIZED}
    layers = [image(6, 6, 1), conv, {"type": "max_pooling2d"}, {"type": "flatten"}]
    inputs = step_of(
        [*layers, dense(8, "relu") | REGULARIZED],
        draw(ROWS, FEATURES, seed=4),
        output=REGULARIZED,
        optimizer={"type": "adam", "learning_rate": 0.05, "epsilon": 1e-3},
        gradient_clip={"type": clip_type, "limit": 0.05},
    )
    follow(Comparison(inputs, cross_entropy, "Adam", {"eps": 1e-3}), inputs, 3)


def test_contributions_of_rows_are_their_own_gradients() -> None:
    """The contribution x · δ of a row is the gradient of its share of the loss alone."""
    inputs = step_of(
        [dense(7), dense(5, "relu")], draw(ROWS, 6, seed=4), row_weights=[0.5, 0.0, 2.0, 1.5, 1, 1]
    )
    trace = trace_step(inputs)
    names = list(build_train_step(inputs).network.gradient_views())
    weights = {one.name: one.before for one in trace.parameters}
    network = HookedNetwork(inputs.spec.network, weights, names)
    logits = network.logits(torch.tensor(inputs.batch.x, requires_grad=True), {})
    shares = cross_entropy(logits, torch.tensor(inputs.batch.y)) * torch.tensor(trace.shares)
    linear = [one for one in trace.layers if one.layer.parameter_shapes()]
    for row, share in enumerate(shares):
        gradients = dict(
            zip(names, torch.autograd.grad(share, network.trained, retain_graph=True), strict=True)
        )
        for one in linear:
            assert one.output_gradient is not None
            x, delta = one.inputs.rows[row], one.output_gradient.rows[row]
            close(np.outer(x, delta), gradients[f"{one.name}.weight"], f"{one.name} {row}")
            close(delta, gradients[f"{one.name}.bias"], f"{one.name} {row}")
