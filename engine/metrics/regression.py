"""Regression metrics of predictions ŷ and true values y, both of shape `(rows,)`."""

import math
from collections.abc import Callable

import numpy as np

from engine.arrays import Floats
from engine.specs import MetricName


def mse(predicted: Floats, y: Floats) -> float:
    """Return the mean of (ŷ − y)²."""
    return float(np.mean((predicted - y) ** 2))


def rmse(predicted: Floats, y: Floats) -> float:
    """Return the square root of the mean of (ŷ − y)²."""
    return math.sqrt(mse(predicted, y))


def mae(predicted: Floats, y: Floats) -> float:
    """Return the mean of |ŷ − y|."""
    return float(np.mean(np.abs(predicted - y)))


def mape(predicted: Floats, y: Floats) -> float:
    """Return the mean of |ŷ − y| / max(|y|, ε), ε the machine epsilon; 0.1 means 10 %."""
    epsilon = np.finfo(np.float64).eps
    return float(np.mean(np.abs(predicted - y) / np.maximum(np.abs(y), epsilon)))


def r2(predicted: Floats, y: Floats) -> float | None:
    """Return 1 − Σ (ŷ − y)² / Σ (y − ȳ)²; None if y is constant."""
    variation = float(np.sum((y - np.mean(y)) ** 2))
    return 1 - float(np.sum((predicted - y) ** 2)) / variation if variation > 0 else None


def explained_variance(predicted: Floats, y: Floats) -> float | None:
    """Return 1 − Var(y − ŷ) / Var(y): r2 without the mean error; None if y is constant."""
    variance = float(np.var(y))
    return 1 - float(np.var(y - predicted)) / variance if variance > 0 else None


NUMBER_METRICS: dict[MetricName, Callable[[Floats, Floats], float | None]] = {
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
    "mape": mape,
    "explained_variance": explained_variance,
}
