"""Other libraries that train the same networks, for comparison.

Each function returns a call that trains for one epoch (Adam, shuffled, float32), or None if the
library is not installed.
"""

# Each library is imported where it is used, because each one is optional.
# ruff: noqa: PLC0415, ANN401

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Epoch = Callable[[], object]
Matrix = NDArray[np.float32]
Classes = NDArray[np.intp]


def sklearn_epoch(x: Matrix, y: Classes, widths: tuple[int, ...], batch: int) -> Epoch | None:
    """Return an epoch of scikit-learn's MLPClassifier."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        return None
    model = MLPClassifier(widths[1:-1], batch_size=batch, alpha=0.0, random_state=0)
    classes = np.arange(widths[-1])
    return lambda: model.partial_fit(x, y, classes=classes)


def torch_epoch(
    x: Matrix, y: Classes, widths: tuple[int, ...], batch: int, threads: int
) -> Epoch | None:
    """Return an epoch of PyTorch in eager mode with fused Adam."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers: list[Any] = []
    for wide, units in pairwise(widths):
        layers += [torch.nn.Linear(wide, units), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(model.parameters(), fused=True)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def run() -> None:
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), batch):
            rows = order[start : start + batch]
            adam.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
            adam.step()

    return run


def jax_epoch(x: Matrix, y: Classes, widths: tuple[int, ...], batch: int) -> Epoch | None:
    """Return an epoch of JAX, compiled as a whole with lax.scan."""
    try:
        import jax
    except ImportError:
        return None
    numpy = jax.numpy
    inputs, targets = numpy.asarray(x), numpy.asarray(y)

    def loss(weights: Any, rows: Any) -> Any:
        h = inputs[rows]
        for index, (weight, bias) in enumerate(weights):
            h = h @ weight + bias
            if index < len(weights) - 1:
                h = numpy.maximum(h, 0)
        picked = numpy.take_along_axis(jax.nn.log_softmax(h), targets[rows][:, None], 1)
        return -picked.mean()

    def step(state: Any, rows: Any) -> Any:
        weights, mean, square, count = state
        gradient = jax.grad(loss)(weights, rows)
        count = count + 1
        tree = jax.tree_util.tree_map
        mean = tree(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = tree(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
        rate = 0.001 * numpy.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        change = tree(lambda m, v: rate * m / (numpy.sqrt(v) + 1e-8), mean, square)
        return (tree(lambda w, c: w - c, weights, change), mean, square, count), None

    @jax.jit
    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, len(inputs)).reshape(-1, batch)
        return jax.lax.scan(step, state, order)[0]

    random = np.random.default_rng(0)
    weights = [
        (
            numpy.asarray(random.normal(0, wide**-0.5, (wide, units)), numpy.float32),
            numpy.zeros(units, numpy.float32),
        )
        for wide, units in pairwise(widths)
    ]
    zeros = jax.tree_util.tree_map(numpy.zeros_like, weights)
    state = [(weights, zeros, zeros, numpy.zeros((), numpy.float32))]
    keys = iter(jax.random.split(jax.random.PRNGKey(0), 1000))

    def run() -> None:
        state[0] = jax.block_until_ready(epoch(state[0], next(keys)))

    return run
