"""Causes of the zeros of activations, forward and backward."""

import copy

import numpy as np

from engine.activations import Activation, Relu
from engine.activations.base import Linear
from engine.activations.bounded import Softsign, Tanh
from engine.activations.rectifiers import Elu, LeakyRelu
from engine.activations.smooth import Gated
from engine.activations.softmax import Softmax
from engine.arrays import Floats
from engine.explain.zeros.causes import Cause, Codes, Flags, choose, code_of, fill_zeros

# Below this |x|, x · gate(x) can only be 0 because the product underflows.
_MODERATE = 1.0


def activation_output_zeros(
    activation: Activation,
    z: tuple[Floats, Codes],
    y: Floats,
    *,
    is_dead: Flags | None = None,
    layer: int | None = None,
) -> Codes:
    """Return the causes of the zeros of y = f(z).

    Args:
        activation: f.
        z: inputs of the activation and the causes of their zeros, `(rows, …, units)`.
        y: its outputs.
        is_dead: whether each unit is 0 for every row of the batch, `(units,)`.
        layer: index of the activation's layer; None for that of the output.
    """
    values = z[0]
    if isinstance(activation, Relu):
        return fill_zeros(y, _off(is_dead, layer))
    if isinstance(activation, LeakyRelu):
        is_off = (values < 0) & (slopes(activation, values) == 0)
        return fill_zeros(y, choose((is_off, _off(is_dead, layer)), otherwise=_small(z, layer)))
    if isinstance(activation, Linear | Elu | Tanh | Softsign):
        return fill_zeros(y, _small(z, layer))
    saturated = code_of(Cause.SATURATED, layer)
    if isinstance(activation, Gated):
        is_small = np.abs(values) < _MODERATE
        return fill_zeros(y, choose((is_small, _small(z, layer)), otherwise=saturated))
    # Sigmoid, hard sigmoid, softplus, exponential and softmax are not 0 at 0.
    return fill_zeros(y, saturated)


def activation_gradient_zeros(
    activation: Activation,
    z: Floats,
    y: Floats,
    dy: tuple[Floats, Codes],
    dz: Floats,
    *,
    is_dead: Flags | None = None,
    layer: int | None = None,
) -> Codes:
    """Return the causes of the zeros of ∂z = ∂y · f′(z); the slope's comes before that of ∂y."""
    gradient, codes = dy
    underflow = code_of(Cause.UNDERFLOW, layer)
    if isinstance(activation, Softmax):
        return fill_zeros(dz, _softmax(y, dy, layer))
    slope = slopes(activation, z)
    if isinstance(activation, Relu | LeakyRelu):
        flat = _off(is_dead, layer)
    else:
        flat = np.asarray(code_of(Cause.SATURATED, layer), np.uint16)
    return fill_zeros(dz, choose((slope == 0, flat), (gradient == 0, codes), otherwise=underflow))


def slopes(activation: Activation, z: Floats) -> Floats:
    """Return f′(z) of an elementwise activation, computed by the activation itself."""
    other, x = copy.copy(activation), z.copy()
    other.saved = np.empty_like(x)
    with np.errstate(all="ignore"):
        return other.backward(other.forward(x), np.ones_like(z))


def _off(is_dead: Flags | None, layer: int | None) -> Codes:
    off = code_of(Cause.RELU_OFF, layer)
    if is_dead is None:
        return np.asarray(off, np.uint16)
    return choose((is_dead, code_of(Cause.DEAD_RELU, layer)), otherwise=off)


def _small(z: tuple[Floats, Codes], layer: int | None) -> Codes:
    """Return the causes where f(z) is 0 only at z = 0, or because it underflows."""
    return choose((z[0] == 0, z[1]), otherwise=code_of(Cause.UNDERFLOW, layer))


def _softmax(y: Floats, dy: tuple[Floats, Codes], layer: int | None) -> Codes:
    """∂z_i = y_i · (∂y_i − Σ_j ∂y_j y_j)."""
    gradient, codes = dy
    no_gradient = (gradient == 0).all(axis=-1, keepdims=True)
    is_saturated = (y == 0) | (y == 1)
    weighted = np.einsum("...j,...j->...", gradient, y)[..., np.newaxis]
    differs = gradient != weighted
    return choose(
        (no_gradient, codes),
        (is_saturated, code_of(Cause.SATURATED, layer)),
        (differs, code_of(Cause.UNDERFLOW, layer)),
        otherwise=code_of(Cause.EXACT_ZERO, layer),
    )
