"""Names, shapes and validation of weights from outside, such as imported models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.errors import SpecProblem
from engine.json_pointer import json_pointer
from engine.network import build_network
from engine.specs import ResolvedSpec


def weight_shapes(spec: ResolvedSpec, in_features: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a model's weights by name."""
    network = build_network(spec.network_for(in_features), in_features, np.dtype(spec.dtype))
    return {name: array.shape for name, array in network.named_parameters().items()}


def named_weights(spec: ResolvedSpec, in_features: int, parameters: Floats) -> dict[str, Floats]:
    """Return named views of a flat parameter vector of shape `(parameter_count,)`."""
    network = build_network(spec.network_for(in_features), in_features, np.dtype(spec.dtype))
    return network.views(parameters)


def find_weight_problems(
    spec: ResolvedSpec, in_features: int, weights: Mapping[str, NDArray[Any]]
) -> tuple[SpecProblem, ...]:
    """Return where weights do not match a model's spec: names, shapes, dtype, finite values.

    Args:
        spec: resolved spec of the model.
        in_features: number of network inputs.
        weights: weights by name, such as `layers.0.weight` of shape `(in_features, units)`.
    """
    dtype = np.dtype(spec.dtype)
    network = build_network(spec.network_for(in_features), in_features, dtype)
    expected = network.named_parameters()
    problems = [
        _problem(name, "missing_weight", f"{name} of shape {_shape(array)} is missing")
        for name, array in expected.items()
        if name not in weights
    ]
    for name, array in weights.items():
        if name not in expected:
            detail = f"the network has no {name}; it has {', '.join(expected)}"
            problems.append(_problem(name, "unknown_weight", detail))
        elif array.shape != expected[name].shape:
            detail = f"{name} has shape {_shape(array)}, the network needs {_shape(expected[name])}"
            problems.append(_problem(name, "wrong_shape", detail))
        elif array.dtype != dtype:
            detail = f"{name} is {array.dtype}, the spec says {dtype}"
            problems.append(_problem(name, "wrong_dtype", detail))
        elif not np.isfinite(array).all():
            problems.append(_problem(name, "not_finite", f"{name} has NaN or infinite values"))
    return tuple(problems)


def _shape(array: NDArray[Any]) -> list[int]:
    return list(array.shape)


def _problem(name: str, code: str, detail: str) -> SpecProblem:
    return SpecProblem(json_pointer("weights", name), code, detail)
