"""Connections into a unit: which inputs it reads, and by which weights."""

import math
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices
from engine.layers.base import Layer
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.pooling import AveragePooling2d, MaxPooling2d, Pooling2d


@dataclass(frozen=True)
class FanIn:
    """The connections into one unit, in the order of the weights.

    Attributes:
        sources: flat index of each input, `(edges,)`; −1 for padding.
        parameter: name of the array with the weights; None if they are fixed.
        weights: flat index of each weight in it, `(edges,)`.
        fixed: the fixed weight of each edge; None if they are parameters, or if the unit selects
            one of its inputs, as a maximum does.
        bias: name of the array with the unit's bias; None without one.
        bias_index: index of the bias.
    """

    sources: Indices
    parameter: str | None = None
    weights: Indices | None = None
    fixed: float | None = None
    bias: str | None = None
    bias_index: int = 0


def find_fan_in(layer: Layer, unit: int) -> FanIn | None:
    """Return the connections into a unit; None if it neither adds nor pools inputs.

    Args:
        layer: a dense, convolution or pooling layer; other kinds have no edges.
        unit: index of the unit in row-major order.
    """
    match layer:
        case Dense():
            return _of_dense(layer, unit)
        case Conv2d():
            return _of_convolution(layer, unit)
        case Pooling2d():
            return _of_pooling(layer, unit)
        case _:
            return None


def count_edges(layer: Layer) -> int:
    """Return the number of connections into each unit of a layer; 0 for kinds without edges."""
    match layer:
        case Dense():
            return layer.in_features
        case Conv2d():
            return math.prod(layer.kernel)
        case Pooling2d():
            return layer.windows[0].length * layer.windows[1].length
        case _:
            return 0


def _of_dense(layer: Dense, unit: int) -> FanIn:
    inputs = np.arange(layer.in_features)
    return FanIn(
        sources=inputs,
        parameter=f"{layer.name}.weight",
        weights=inputs * layer.units + unit,
        bias=f"{layer.name}.bias" if layer.use_bias else None,
        bias_index=unit,
    )


def _of_convolution(layer: Conv2d, unit: int) -> FanIn:
    row, column, output = np.unravel_index(unit, layer.out_shape)
    offsets = np.indices(layer.kernel).reshape(3, -1)
    sources = _window_sources(layer, int(row), int(column), offsets)
    return FanIn(
        sources=sources,
        parameter=f"{layer.name}.weight",
        weights=np.arange(len(sources)) * layer.filters + int(output),
        bias=f"{layer.name}.bias" if layer.use_bias else None,
        bias_index=int(output),
    )


def _of_pooling(layer: Pooling2d, unit: int) -> FanIn:
    row, column, channel = np.unravel_index(unit, layer.out_shape)
    lengths = (layer.windows[0].length, layer.windows[1].length)
    offsets = np.indices(lengths).reshape(2, -1)
    channels = np.full(offsets.shape[1], channel)
    sources = _window_sources(layer, int(row), int(column), np.vstack([offsets, channels]))
    is_mean = isinstance(layer, AveragePooling2d)
    assert is_mean or isinstance(layer, MaxPooling2d)  # noqa: S101 - the kinds of pooling
    return FanIn(sources, fixed=1 / len(sources) if is_mean else None)


def _window_sources(layer: Conv2d | Pooling2d, row: int, column: int, offsets: Indices) -> Indices:
    """Return the flat input index of each offset `(row, column, channel)` of a window."""
    rows, columns = layer.windows
    positions = np.array(
        [
            row * rows.stride - rows.before + offsets[0],
            column * columns.stride - columns.before + offsets[1],
            offsets[2],
        ]
    )
    height, width, _ = layer.in_shape
    is_inside = (positions[0] >= 0) & (positions[0] < height)
    is_inside &= (positions[1] >= 0) & (positions[1] < width)
    flat = np.ravel_multi_index(tuple(positions), layer.in_shape, mode="clip")
    return np.where(is_inside, flat, -1)
