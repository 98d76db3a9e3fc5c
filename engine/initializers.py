"""Weight initialization."""

import math
from typing import assert_never

import numpy as np

from engine.arrays import Floats, Shape
from engine.specs import (
    Activation,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerSpec,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Zeros,
)


def default_initializer(activation: Activation) -> InitializerSpec:
    """Return the initializer that keeps the variance of a layer's outputs near that of its inputs.

    He for ReLU-like activations, which pass half of their inputs (He et al. 2015); LeCun for selu,
    which normalizes itself with such weights only (Klambauer et al. 2017); otherwise Glorot.
    """
    name = activation if isinstance(activation, str) else activation.type
    match name:
        case "relu" | "leaky_relu" | "elu" | "gelu" | "silu":
            return HeNormal()
        case "selu":
            return LecunNormal()
        case _:
            return GlorotUniform()


def initialize(
    spec: InitializerSpec, shape: Shape, fan_in: int, fan_out: int, random: np.random.Generator
) -> Floats:
    """Draw initial weights as float64.

    The draw is float64 for every network dtype: a float32 network starts from the same values,
    rounded.

    Args:
        spec: the initializer.
        shape: shape of the weights; the last axis is units or filters.
        fan_in: number of inputs per unit.
        fan_out: number of outputs per input.
        random: source of random numbers.

    Sources: He et al. 2015, equation 10; Glorot and Bengio 2010, equations 12 and 16.
    """
    match spec:
        case Zeros():
            return np.zeros(shape)
        case Constant():
            return np.full(shape, spec.value)
        case Uniform() | HeUniform() | GlorotUniform() | LecunUniform():
            limit = _limit(spec, fan_in, fan_out)
            return random.uniform(-limit, limit, shape)
        case Normal() | HeNormal() | GlorotNormal() | LecunNormal():
            return random.normal(0.0, _std(spec, fan_in, fan_out), shape)
        case TruncatedNormal():
            return _truncated_normal(spec.std, shape, random)
        case Orthogonal():
            return spec.gain * _orthogonal(shape, random)
        case _:
            assert_never(spec)


def _limit(
    spec: Uniform | HeUniform | GlorotUniform | LecunUniform, fan_in: int, fan_out: int
) -> float:
    match spec:
        case Uniform():
            return spec.limit
        case HeUniform():
            return math.sqrt(6 / fan_in)
        case GlorotUniform():
            return math.sqrt(6 / (fan_in + fan_out))
        case LecunUniform():
            return math.sqrt(3 / fan_in)
        case _:
            assert_never(spec)


def _std(spec: Normal | HeNormal | GlorotNormal | LecunNormal, fan_in: int, fan_out: int) -> float:
    match spec:
        case Normal():
            return spec.std
        case HeNormal():
            return math.sqrt(2 / fan_in)
        case GlorotNormal():
            return math.sqrt(2 / (fan_in + fan_out))
        case LecunNormal():
            return math.sqrt(1 / fan_in)
        case _:
            assert_never(spec)


def _truncated_normal(std: float, shape: Shape, random: np.random.Generator) -> Floats:
    values = random.normal(0.0, std, shape)
    outside = np.abs(values) > 2 * std
    while outside.any():
        values[outside] = random.normal(0.0, std, int(outside.sum()))
        outside = np.abs(values) > 2 * std
    return values


def _orthogonal(shape: Shape, random: np.random.Generator) -> Floats:
    """Return orthonormal columns, or orthonormal rows if there are fewer (Saxe et al. 2014)."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
    # A positive diagonal of R makes Q unique, and so uniformly distributed (Mezzadri 2007).
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return (q if rows >= columns else q.T).reshape(shape)
