"""Independent random streams, keyed by seed and purpose, never by earlier draws."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Purpose of a random stream. Changing a value changes the results of existing seeds."""

    SPLIT = 0
    INITIALIZATION = 1
    ORDER = 2
    DROPOUT = 3
    FOLDS = 4
    TEST = 5


def generator(seed: int, stream: Stream, *key: int) -> np.random.Generator:
    """Return a new generator for one purpose, such as the order of rows in epoch `key`."""
    return np.random.default_rng(np.random.SeedSequence([seed, stream, *key]))
