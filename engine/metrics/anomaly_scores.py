"""Reconstruction errors of an autoencoder, and the anomaly scores that follow from them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats

# Stored quantiles per model: with at most this many training rows, the sorted errors themselves.
MAX_QUANTILES = 1001

Errors = NDArray[np.float64]


def squared_errors(outputs: Floats, x: Floats) -> Errors:
    """Return (x̂ − x)² of each input, `(rows, inputs)`, in the unit of the scaled inputs squared."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.subtract(outputs, x, dtype=np.float64)
        return np.square(errors, out=errors)


def row_errors(squared: Errors) -> Errors:
    """Return the mean of each row's squared errors over its inputs, `(rows,)`."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(squared.mean(axis=1))


def column_errors(squared: Errors, widths: Sequence[int]) -> Errors:
    """Return the mean of the squared errors over the inputs of each column, `(rows, columns)`.

    Weighted by the widths, their mean is the error of the row.

    Args:
        squared: squared error of each input, `(rows, inputs)`.
        widths: number of inputs of each column, in the order of the inputs; a column without
            inputs has the error NaN.
    """
    counts = np.asarray(widths, np.intp)
    errors = np.full((len(squared), len(counts)), np.nan)
    used = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[used]
    errors[:, used] = np.add.reduceat(squared, starts, axis=1) / counts[used]
    return errors


def error_quantiles(errors: Errors) -> tuple[float, ...] | None:
    """Return evenly spaced quantiles of the rows' errors, from minimum to maximum.

    At least 2 and at most MAX_QUANTILES; None if an error is not finite.
    """
    if not len(errors) or not np.isfinite(errors).all():
        return None
    points = min(max(len(errors), 2), MAX_QUANTILES)
    return tuple(np.quantile(errors, np.linspace(0, 1, points)).tolist())


def anomaly_scores(errors: Errors, quantiles: Sequence[float]) -> Errors:
    """Return the quantile level of each error among the training rows' errors, `(rows,)`.

    0 up to the smallest, 1 beyond the largest; linear between two quantiles. A training row's score
    is its rank divided by the number of other rows; equal errors have the lowest of their ranks.

    Args:
        errors: errors of the rows, `(rows,)`.
        quantiles: evenly spaced quantiles in ascending order, at least 2.
    """
    points = np.asarray(quantiles, np.float64)
    position = np.searchsorted(points, errors, side="left")
    lower = np.maximum(position - 1, 0)
    upper = np.minimum(position, len(points) - 1)
    gap = points[upper] - points[lower]
    fraction = np.divide(errors - points[lower], gap, out=np.zeros(len(errors)), where=gap > 0)
    return np.asarray((lower + fraction) / (len(points) - 1))
