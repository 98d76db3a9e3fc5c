"""Slopes of activations in the rows that are shown."""

import numpy as np

from engine.activations import build_activation
from engine.arrays import Floats
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import numbers, unit_rows
from engine.explain.explanation.values import Quantity
from engine.specs import ResolvedOutput


def slope_of(group: LayerGroup, unit: int, shown: slice) -> Quantity | None:
    """Return f′(z) of one unit, counted in row-major order, as the activation computes it.

    None for units without an activation, and for softmax, of which an output depends on every z.
    """
    if group.activation_name in (None, "softmax"):
        return None
    z = unit_rows(group.z, unit)[shown]
    return Quantity(None, numbers(_slopes(group, z)))


def _slopes(group: LayerGroup, z: Floats) -> Floats:
    spec = group.spec
    assert isinstance(spec, ResolvedOutput) or hasattr(spec, "activation")
    activation = build_activation(spec.activation, z.dtype)
    # Activations compute in place, on arrays of the shape (rows, features).
    x = z.reshape(-1, 1).copy()
    if activation.saves:
        activation.saved = np.empty_like(x)
    return activation.backward(activation.forward(x), np.ones_like(x)).reshape(-1)
