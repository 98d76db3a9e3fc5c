"""Networks that together have every kind of layer."""

from typing import Any

from engine.training.step_inputs import StepInputs
from tests.engine.explain.steps import step_of
from tests.engine.layer_examples import image

Json = dict[str, Any]

DENSE: Json = {"type": "dense", "units": 4, "activation": "tanh"}
CONV: Json = {"type": "conv2d", "filters": 2, "kernel_size": 2, "activation": "tanh"}
FLAT: Json = {"type": "flatten"}
# The layers before one without parameters show what it passes on.
STACKS: dict[str, list[Json]] = {
    "dense": [DENSE | {"l1": 0.1, "l2": 0.2}, DENSE | {"use_bias": False}],
    "conv2d": [image(4, 4, 1), CONV | {"stride": 2, "padding": "same"}, CONV, FLAT],
    "embedding": [
        {"type": "embedding", "tables": [{"position": 0, "codes": 3}], "dimension": 2, "l2": 0.1},
        DENSE,
    ],
    "dropout": [DENSE, {"type": "dropout", "rate": 0.4}],
    "batch_normalization": [DENSE, {"type": "batch_normalization", "epsilon": 0.1}],
    "layer_normalization": [DENSE, {"type": "layer_normalization", "epsilon": 0.1}],
    "activation": [DENSE, {"type": "activation", "activation": "silu"}],
    "max_pooling2d": [image(4, 4, 1), CONV, {"type": "max_pooling2d"}, FLAT],
    "average_pooling2d": [image(4, 4, 1), CONV, {"type": "average_pooling2d"}, FLAT],
    "flatten": [image(4, 4, 1), CONV, FLAT],
    "reshape": [DENSE, {"type": "reshape", "shape": [2, 2, 1]}, CONV, FLAT],
    "residual": [DENSE, {"type": "residual", "layers": [DENSE]}],
}


def stack_step(kind: str, **options: Any) -> StepInputs:
    """Return a step of the network for a kind of layer."""
    layers = STACKS[kind]
    in_features = 16 if layers[0]["type"] == "reshape" else 3
    codes = [0, 1, 2, 1, 0] if kind == "embedding" else None
    return step_of(layers, in_features=in_features, codes=codes, **options)
