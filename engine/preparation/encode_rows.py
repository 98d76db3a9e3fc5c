"""Encoding of given rows as a batch, with a preprocessing that is already fitted."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats, Targets
from engine.data.split_arrays import Batch
from engine.data.table import Column
from engine.errors import DataError
from engine.preprocessing.labels import read_labels
from engine.preprocessing.preprocessing import Preprocessing
from engine.preprocessing.targets import choose_encoding
from engine.specs import ResolvedSpec


def encode_rows(
    spec: ResolvedSpec, preprocessing: Preprocessing, columns: Mapping[str, Column]
) -> Batch:
    """Return rows as network inputs and targets, as preparation writes them; without weights.

    Args:
        spec: the training's spec.
        preprocessing: the preprocessing of the network.
        columns: features and targets by name.

    Raises:
        DataError: a row has no target, or one that the network does not know; a column is missing,
            or a number is too large.
    """
    dtype = np.dtype(spec.dtype)
    x = np.array(preprocessing.transform(columns, dtype))
    return Batch(x, _encode_targets(spec, preprocessing, columns, x))


def _encode_targets(
    spec: ResolvedSpec, preprocessing: Preprocessing, columns: Mapping[str, Column], x: Floats
) -> Targets:
    encoding = choose_encoding(spec, preprocessing.target)
    if encoding is None:
        return x
    labels = read_labels(spec, columns, preprocessing.target)
    missing = np.flatnonzero(~labels.present)
    if len(missing):
        named = " and ".join(spec.targets)
        message = f"row {missing[0]} of the given rows has no value in the target {named}"
        raise DataError(message)
    y: Targets = np.empty((len(x), *encoding.row_shape), encoding.dtype)
    encoding.write(labels, np.arange(len(x)), y)
    return y
