"""First values of a layer's weights."""

import math
from typing import assert_never

import numpy as np

from engine.arrays import Floats
from engine.specs import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerSpec,
    Normal,
)


def initialize(
    spec: InitializerSpec, in_features: int, units: int, random: np.random.Generator
) -> Floats:
    """Draw a weight matrix, float64, shape `(in_features, units)`.

    Float64 whatever the network's type: a float32 network starts from the same numbers, rounded.

    Sources: He et al. 2015, equation 10; Glorot and Bengio 2010, equations 12 and 16.
    """
    shape = (in_features, units)
    match spec:
        case HeNormal():
            return random.normal(0.0, math.sqrt(2 / in_features), shape)
        case HeUniform():
            limit = math.sqrt(6 / in_features)
            return random.uniform(-limit, limit, shape)
        case GlorotNormal():
            return random.normal(0.0, math.sqrt(2 / (in_features + units)), shape)
        case GlorotUniform():
            limit = math.sqrt(6 / (in_features + units))
            return random.uniform(-limit, limit, shape)
        case Normal():
            return random.normal(0.0, spec.std, shape)
        case _:
            assert_never(spec)
