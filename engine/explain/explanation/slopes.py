"""Slopes of activations in the rows that are shown."""

import numpy as np

from engine.activations import build_activation
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import numbers, unit_rows
from engine.explain.explanation.values import Quantity


def slope_of(group: LayerGroup, unit: int, shown: slice) -> Quantity | None:
    """Return f′(z) of one unit, counted in row-major order, as the activation computes it.

    None for units without an activation, and for softmax, of which an output depends on every z.
    """
    spec = group.activation_spec
    if spec is None or group.activation_name in (None, "softmax"):
        return None
    z = unit_rows(group.z, unit)[shown]
    activation = build_activation(spec, z.dtype)
    # Activations compute in place, on arrays of the shape (rows, features).
    x = z.reshape(-1, 1).copy()
    if activation.saves:
        activation.saved = np.empty_like(x)
    slopes = activation.backward(activation.forward(x), np.ones_like(x))
    return Quantity(None, numbers(slopes.reshape(-1)))
