"""Curves of the activations, sampled by the functions that train."""

from typing import get_args

import numpy as np

from engine.activations import build_activation
from engine.specs import ActivationName

# The drawn part. Steps of 1/4 meet every kink: 0 of rectifiers, ±3 of the hard sigmoid.
Z = np.arange(-3, 3.25, 0.25)
# A curve is drawn 26 pixels high.
DIGITS = 4


def sample_activations() -> dict[str, object]:
    """Return the sampled z, and a = f(z) of every activation that acts on a unit alone."""
    curves = {
        name: _rounded(build_activation(name, np.dtype(np.float64)).predict(Z.copy()[:, None]))
        for name in (*get_args(ActivationName), "exponential")
        if name != "softmax"
    }
    return {"z": Z.tolist(), "curves": curves}


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), DIGITS) + 0.0 for value in values.ravel()]
