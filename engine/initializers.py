"""Weight initialization."""

import math
from typing import assert_never

import numpy as np

from engine.arrays import Floats, Shape
from engine.numerics.blocks import blocks
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

# Arrays of the matrix's size that a QR decomposition holds at once: the drawn matrix, its copy, the
# working copies of LAPACK, Q. Five are allocated, and 4.5 of them were measured in memory.
_ORTHOGONAL_COPIES = 4.75


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
    spec: InitializerSpec, weight: Floats, fan_in: int, fan_out: int, random: np.random.Generator
) -> None:
    """Draw initial weights into an array.

    The draw is float64 for every network dtype: a float32 network starts from the same values,
    rounded. Most are drawn in blocks, which takes no memory and yields the same numbers.

    Args:
        spec: the initializer.
        weight: C-contiguous weights to be written; the last axis is units or filters.
        fan_in: number of inputs per unit.
        fan_out: number of outputs per input.
        random: source of random numbers.

    Sources: He et al. 2015, equation 10; Glorot and Bengio 2010, equations 12 and 16.
    """
    match spec:
        case Zeros():
            weight.fill(0)
        case Constant():
            weight.fill(spec.value)
        case Uniform() | HeUniform() | GlorotUniform() | LecunUniform():
            limit = _limit(spec, fan_in, fan_out)
            for (block,) in blocks(weight):
                block[...] = random.uniform(-limit, limit, block.size)
        case Normal() | HeNormal() | GlorotNormal() | LecunNormal():
            std = _std(spec, fan_in, fan_out)
            for (block,) in blocks(weight):
                block[...] = random.normal(0.0, std, block.size)
        case TruncatedNormal():
            _draw_truncated_normal(spec.std, weight, random)
        case Orthogonal():
            weight[...] = _orthogonal(spec.gain, weight.shape, random)
        case _:
            assert_never(spec)


def initialization_bytes(spec: InitializerSpec, shape: Shape) -> int:
    """Return the memory of `initialize` beside the weights, in bytes."""
    if not isinstance(spec, Orthogonal):
        return 0
    numbers = _ORTHOGONAL_COPIES * math.prod(shape)
    return int(numbers) * np.dtype(np.float64).itemsize


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


def _draw_truncated_normal(std: float, weight: Floats, random: np.random.Generator) -> None:
    """Draw all numbers, then those beyond 2 std again until there are none."""
    flat = weight.reshape(-1, copy=False)
    found, start = [], 0
    for (block,) in blocks(weight):
        values = random.normal(0.0, std, block.size)
        block[...] = values
        found.append(np.flatnonzero(np.abs(values) > 2 * std) + start)
        start += block.size
    outside = np.concatenate(found)
    while outside.size:
        values = random.normal(0.0, std, outside.size)
        flat[outside] = values
        outside = outside[np.abs(values) > 2 * std]


def _orthogonal(gain: float, shape: Shape, random: np.random.Generator) -> Floats:
    """Return orthonormal columns, or orthonormal rows if there are fewer (Saxe et al. 2014)."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
    # A positive diagonal of R makes Q unique, and so uniformly distributed (Mezzadri 2007).
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    q *= gain
    return (q if rows >= columns else q.T).reshape(shape)
