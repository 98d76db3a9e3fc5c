"""Arrays of a training's state: copies to store, and stored ones to resume from."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats

# Earlier versions had no weights in metrics. Without these arrays, the rows before the interruption
# are missing in the metrics of one epoch.
_ADDED_LATER = frozenset({"tally.weights", "tally.values"})


def copy_arrays(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return copies of the arrays of a state."""
    return {name: array.copy() for name, array in arrays.items()}


def load_arrays(arrays: Mapping[str, Floats], stored: Mapping[str, Floats]) -> None:
    """Copy stored arrays into those of a training, in place.

    Raises:
        ValueError: names, shapes or dtypes differ: the state belongs to another spec.
    """
    names = arrays.keys() - (_ADDED_LATER - stored.keys())
    expected = {name: (arrays[name].shape, arrays[name].dtype) for name in names}
    actual = {name: (array.shape, array.dtype) for name, array in stored.items()}
    if actual != expected:
        message = f"the state has arrays {actual}, this training has {expected}"
        raise ValueError(message)
    for name in names:
        np.copyto(arrays[name], stored[name])
