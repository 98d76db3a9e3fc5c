"""Curves of the activations, sampled by the functions that train."""

from typing import Literal, get_args

import numpy as np

from engine.activations import build_activation
from engine.specs import ActivationName

# The drawn part. Steps of 1/4 meet every kink: 0 of rectifiers, ±3 of the hard sigmoid.
Z = np.arange(-3, 3.25, 0.25)
# A curve is drawn 26 pixels high.
DIGITS = 4


def sample_activations() -> dict[str, dict[str, list[float]]]:
    """Return the sampled z, and a = f(z), of every activation that acts on a unit alone."""
    return {
        name: _sample(name)
        for name in (*get_args(ActivationName), "exponential")
        if name != "softmax"
    }


def _sample(name: ActivationName | Literal["exponential"]) -> dict[str, list[float]]:
    values = build_activation(name, np.dtype(np.float64)).predict(Z.copy()[:, None])
    return {"z": Z.tolist(), "a": [round(float(value), DIGITS) + 0.0 for value in values.ravel()]}
