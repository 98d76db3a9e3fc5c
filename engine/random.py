"""Randomness that depends on the seed and on what it is for, never on what was drawn before."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are for. The values are part of what makes a job reproducible."""

    SPLIT = 0
    INITIALIZATION = 1
    ORDER = 2
    DROPOUT = 3
    FOLDS = 4


def generator(seed: int, stream: Stream, *key: int) -> np.random.Generator:
    """A fresh generator for one purpose, such as the order of rows in epoch `key`."""
    return np.random.default_rng(np.random.SeedSequence([seed, stream, *key]))
