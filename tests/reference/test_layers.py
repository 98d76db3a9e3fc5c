"""Every layer: equal initial weights and batches give the same final weights as PyTorch."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.layers.base import walk
from engine.layers.dropout import Dropout
from engine.losses.build import build_loss
from engine.network import Network
from engine.specs import (
    CrossEntropy,
    EmbeddingSpec,
    LayerSpec,
    ResidualSpec,
    ResolvedNetwork,
)
from tests.engine.examples import FLOAT64, draw
from tests.engine.layer_examples import LayerJson, image, layers_network, layers_spec

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)
functional = torch.nn.functional

ROWS, FEATURES, CLASSES, STEPS, RATE = 7, 36, 3, 20, 0.1
Tensors = dict[str, Any]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    # PyTorch's hard_sigmoid has a slope of 1/6 only in float32.
    "hard_sigmoid": lambda x: (x / 6 + 0.5).clamp(0, 1),
    "softmax": lambda x: functional.softmax(x, dim=-1),
}


def activate(activation: Any, x: Any) -> Any:
    if isinstance(activation, str):
        return ACTIVATIONS[activation](x)
    match activation.type:
        case "leaky_relu":
            return functional.leaky_relu(x, activation.negative_slope)
        case "elu":
            return functional.elu(x, activation.alpha)
        case _:
            return functional.gelu(x, approximate=activation.approximate)


def channels_first(x: Any) -> Any:
    return x.movedim(-1, 1)


def channels_last(x: Any) -> Any:
    return x.movedim(1, -1)


def pair(side: int | tuple[int, ...]) -> tuple[int, ...]:
    return (side, side) if isinstance(side, int) else side


def convolve(spec: Any, name: str, x: Any, tensors: Tensors) -> Any:
    kernel, stride, padding = pair(spec.kernel_size), pair(spec.stride), spec.padding
    x = channels_first(x)
    if padding == "same" and max(stride) > 1:  # not supported by PyTorch
        sides: list[int] = []
        for size, length, step in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
            total = max((math.ceil(size / step) - 1) * step + length - size, 0)
            sides += [total // 2, total - total // 2]
        x, padding = functional.pad(x, sides), "valid"
    weight = tensors[f"{name}.weight"].permute(3, 2, 0, 1)
    y = functional.conv2d(x, weight, tensors.get(f"{name}.bias"), stride, padding)
    return activate(spec.activation, channels_last(y))


def embed(spec: EmbeddingSpec, name: str, x: Any, tensors: Tensors) -> Any:
    assert spec.tables is not None
    positions = [table.position for table in spec.tables]
    numbers = [index for index in range(x.shape[1]) if index not in positions]
    vectors = [
        functional.embedding(x[:, position].long(), tensors[f"{name}.weight_{position}"])
        for position in positions
    ]
    return torch.cat([x[:, numbers], *vectors], dim=1)


def normalize_batch(spec: Any, name: str, x: Any, tensors: Tensors) -> Any:
    y = functional.batch_norm(
        channels_first(x),
        tensors[f"{name}.running_mean"],
        tensors[f"{name}.running_variance"],
        tensors[f"{name}.scale"],
        tensors[f"{name}.shift"],
        training=not spec.frozen,
        momentum=1 - spec.momentum,
        eps=spec.epsilon,
    )
    return channels_last(y)


def normalize_rows(spec: Any, name: str, x: Any, tensors: Tensors) -> Any:
    parameters = tensors[f"{name}.scale"], tensors[f"{name}.shift"]
    return functional.layer_norm(x, tuple(x.shape[1:]), *parameters, spec.epsilon)


def pool(spec: Any, x: Any) -> Any:
    size, stride = pair(spec.pool_size), pair(spec.stride or spec.pool_size)
    function = functional.max_pool2d if "max" in spec.type else functional.avg_pool2d
    return channels_last(function(channels_first(x), size, stride))


def run_layer(spec: LayerSpec, name: str, x: Any, tensors: Tensors, masks: Tensors) -> Any:
    match spec.type:
        case "dense":
            y = x @ tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
            return activate(spec.activation, y)
        case "conv2d":
            return convolve(spec, name, x, tensors)
        case "embedding":
            return embed(spec, name, x, tensors)
        case "batch_normalization":
            return normalize_batch(spec, name, x, tensors)
        case "layer_normalization":
            return normalize_rows(spec, name, x, tensors)
        case "residual":
            return x + run_layers(spec, f"{name}.layers", x, tensors, masks)
        case "dropout":
            return x * masks[name]
        case _:
            return run_without_parameters(spec, x)


def run_without_parameters(spec: LayerSpec, x: Any) -> Any:
    match spec.type:
        case "activation":
            return activate(spec.activation, x)
        case "max_pooling2d" | "average_pooling2d":
            return pool(spec, x)
        case "flatten":
            return x.flatten(1)
        case "reshape":
            return x.reshape(len(x), *spec.shape)


def run_layers(
    spec: ResolvedNetwork | ResidualSpec, prefix: str, x: Any, tensors: Tensors, masks: Tensors
) -> Any:
    for index, layer in enumerate(spec.layers):
        x = run_layer(layer, f"{prefix}.{index}", x, tensors, masks)
    return x


def masks_of(network: Network) -> Tensors:
    """Return the dropout masks of the last step."""
    return {
        layer.name: torch.from_numpy(layer.mask.copy())
        for layer in walk(iter(network.layers))
        if isinstance(layer, Dropout)
    }


def compare(layers: list[LayerJson], x: np.ndarray[Any, Any]) -> None:
    """Compare the weights after STEPS steps of gradient descent in both libraries."""
    spec = layers_spec(layers, CLASSES, "softmax")
    network = layers_network(layers, x.shape[-1], CLASSES)
    loss = build_loss(CrossEntropy(), spec.output, FLOAT64)
    trained = network.gradient_views()
    tensors = {n: torch.from_numpy(a.copy()) for n, a in network.named_parameters().items()}
    parameters = [tensors[name].requires_grad_() for name in trained]
    update = torch.optim.SGD(parameters, lr=RATE)
    y = np.arange(ROWS) % CLASSES
    for step in range(STEPS):
        batch = x[step % len(x)]
        network.begin_step(step)
        ours = loss.forward(network.forward(batch.copy()), y)
        network.backward(loss.backward())
        network.trained[...] -= RATE * network.gradients
        update.zero_grad()
        hidden = run_layers(spec, "layers", torch.from_numpy(batch), tensors, masks_of(network))
        logits = hidden @ tensors["output.weight"] + tensors["output.bias"]
        theirs = functional.cross_entropy(logits, torch.from_numpy(y))
        theirs.backward()
        update.step()
        assert ours == pytest.approx(theirs.item(), rel=1e-9)
    for name, array in network.named_parameters().items():
        reference = tensors[name].detach().numpy()
        np.testing.assert_allclose(array, reference, rtol=1e-9, atol=1e-12, err_msg=name)


def dense(units: int = 12, activation: Any = "tanh") -> LayerJson:
    return {"type": "dense", "units": units, "activation": activation}


def conv(filters: int = 4, **options: Any) -> LayerJson:
    return {"type": "conv2d", "filters": filters, "activation": "tanh", **options}


FLAT: LayerJson = {"type": "flatten"}
BATCH: LayerJson = {"type": "batch_normalization"}
ROW: LayerJson = {"type": "layer_normalization"}
IMAGE = image(6, 6, 1)
IMAGES = [IMAGE, conv(3, padding="same")]

CASES: dict[str, list[LayerJson]] = {
    "conv2d": [IMAGE, conv(), conv(3, kernel_size=[2, 1]), FLAT],
    "conv2d strides": [IMAGE, conv(stride=2), FLAT],
    "conv2d same": [IMAGE, conv(padding="same"), conv(3, kernel_size=[5, 1], padding="same"), FLAT],
    "conv2d same strides": [*IMAGES, conv(kernel_size=[3, 2], stride=[2, 3], padding="same"), FLAT],
    "conv2d frozen": [*IMAGES, conv(frozen=True), FLAT],
    "max pooling": [*IMAGES, {"type": "max_pooling2d"}, FLAT],
    "max pooling overlap": [*IMAGES, {"type": "max_pooling2d", "pool_size": 3, "stride": 1}, FLAT],
    "max pooling gaps": [*IMAGES, {"type": "max_pooling2d", "pool_size": 2, "stride": 3}, FLAT],
    "average pooling": [*IMAGES, {"type": "average_pooling2d"}, FLAT],
    "average pooling overlap": [
        *IMAGES,
        {"type": "average_pooling2d", "pool_size": [3, 2], "stride": [1, 2]},
        FLAT,
    ],
    "batch normalization": [dense(), BATCH, dense(5)],
    "batch normalization first": [BATCH, dense(5)],
    "batch normalization of images": [*IMAGES, BATCH, conv(), BATCH | {"momentum": 0.5}, FLAT],
    "batch normalization frozen": [dense(), BATCH | {"frozen": True}, dense(5)],
    "layer normalization": [dense(), ROW, dense(5)],
    "layer normalization of images": [*IMAGES, ROW | {"epsilon": 0.1}, FLAT],
    "layer normalization frozen": [dense(), ROW | {"frozen": True}, dense(5)],
    "dropout": [{"type": "dropout", "rate": 0.2}, dense(), {"type": "dropout"}, dense(5)],
    "residual": [dense(), {"type": "residual", "layers": [dense(), dense(12, "linear")]}, dense(5)],
    "residual first": [{"type": "residual", "layers": [dense(FEATURES)]}],
    "residual before activation": [
        dense(),
        {"type": "residual", "layers": [BATCH, {"type": "activation", "activation": "relu"}]},
        {"type": "activation", "activation": "tanh"},
        {"type": "residual", "layers": [{"type": "reshape", "shape": [12]}]},
    ],
    "residual in residual": [
        dense(),
        {
            "type": "residual",
            "layers": [{"type": "residual", "layers": [dense(), BATCH, {"type": "dropout"}]}, ROW],
        },
    ],
    "residual of images": [
        *IMAGES,
        {"type": "residual", "layers": [BATCH, conv(3, padding="same"), conv(3, kernel_size=1)]},
        FLAT,
    ],
    "activations in a row": [
        dense(),
        *({"type": "activation", "activation": name} for name in ("gelu", "sigmoid", "softmax")),
    ],
    "softmax of channels": [*IMAGES, {"type": "activation", "activation": "softmax"}, FLAT],
}


@pytest.mark.parametrize("case", CASES)
def test_twenty_steps_end_in_the_same_weights(case: str) -> None:
    compare(CASES[case], draw(3, ROWS, FEATURES, seed=4))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_is_the_same(activation: str) -> None:
    compare([dense(9, activation), dense(5, activation)], 2 * draw(3, ROWS, 6, seed=4))


@pytest.mark.parametrize(
    "activation",
    [
        {"type": "leaky_relu", "negative_slope": 0.3},
        {"type": "elu", "alpha": 2.5},
        {"type": "gelu", "approximate": "tanh"},
    ],
    ids=lambda activation: activation["type"],
)
def test_parameterized_activation_is_the_same(activation: LayerJson) -> None:
    compare([dense(9, activation), dense(5, activation)], 2 * draw(3, ROWS, 6, seed=4))


def test_embedding_is_the_same() -> None:
    tables = [{"position": 1, "codes": 6}, {"position": 3, "codes": 9}]
    x = draw(3, ROWS, 5, seed=4)
    for table in tables:
        codes = np.random.default_rng(2).integers(0, table["codes"], (3, ROWS))
        x[:, :, table["position"]] = codes
    compare([{"type": "embedding", "tables": tables}, dense()], x)


def test_prediction_is_the_same() -> None:
    """Predictions after training use the running statistics of batch normalization."""
    network = layers_network([dense(), BATCH, ROW], 6)
    x = draw(ROWS, 6)
    named = {n: torch.from_numpy(a.copy()) for n, a in network.named_parameters().items()}
    spec = layers_spec([dense(), BATCH | {"frozen": True}, ROW])
    hidden = run_layers(spec, "layers", torch.from_numpy(x), named, {})
    expected = hidden @ named["output.weight"] + named["output.bias"]
    np.testing.assert_allclose(network.predict(x.copy()), expected.numpy(), rtol=1e-12)
