"""Checks while layers are built: shapes and limits."""

import math
from collections.abc import Sequence
from typing import NoReturn

from engine.arrays import Shape
from engine.errors import SpecError, SpecProblem
from engine.layers.base import Layer
from engine.specs import MAX_LAYERS, LayerSpec, ResidualSpec

MAX_NESTING = 4
MAX_ROW_VALUES = 2**24


def pointer(name: str) -> str:
    """Return the JSON pointer of a layer: `layers.2.layers.0` is `/network/layers/2/…`."""
    return "/network/" + name.replace(".", "/")


def reject(name: str, code: str, detail: str) -> NoReturn:
    """Raise a SpecError with one problem, at the named layer."""
    raise SpecError([SpecProblem(pointer(name), code, detail)])


def require_features(kind: str, name: str, shape: Shape) -> int:
    """Return the number of features of a row that must be a vector."""
    if len(shape) == 1:
        return shape[0]
    detail = f"{kind} takes rows of shape (features,), not {shape}; put flatten before it"
    reject(name, "wrong_shape", detail)


def require_image(kind: str, name: str, shape: Shape) -> tuple[int, int, int]:
    """Return height, width and channels of a row that must be an image."""
    if len(shape) == 3:
        return shape
    detail = f"{kind} takes rows of shape (height, width, channels), not {shape}"
    reject(name, "wrong_shape", f"{detail}; put reshape before it")


def require_same_size(kind: str, name: str, in_shape: Shape, out_shape: Shape) -> None:
    """Require that both shapes have the same number of values."""
    if math.prod(in_shape) != math.prod(out_shape):
        detail = (
            f"{kind} to shape {out_shape} needs {math.prod(out_shape)} values per row, "
            f"its input of shape {in_shape} has {math.prod(in_shape)}"
        )
        reject(name, "wrong_shape", detail)


def require_limits(specs: Sequence[LayerSpec]) -> None:
    """Limit the number of layers and the nesting of residual blocks."""
    count = _count_layers(specs, "layers", 0)
    if count > MAX_LAYERS:
        detail = f"a network may have at most {MAX_LAYERS} layers, this one has {count}"
        reject("layers", "too_many_layers", detail)


def _count_layers(specs: Sequence[LayerSpec], prefix: str, depth: int) -> int:
    count = len(specs)
    for index, spec in enumerate(specs):
        if isinstance(spec, ResidualSpec):
            name = f"{prefix}.{index}"
            if depth == MAX_NESTING:
                detail = f"residual blocks may be nested at most {MAX_NESTING} deep"
                reject(name, "too_deep", detail)
            count += _count_layers(spec.layers, f"{name}.layers", depth + 1)
    return count


def require_width(layer: Layer) -> None:
    """Limit the number of output values per row."""
    width = math.prod(layer.out_shape)
    if width > MAX_ROW_VALUES:
        detail = (
            f"a layer may output at most {MAX_ROW_VALUES} values per row, "
            f"{layer.out_shape} is {width}"
        )
        reject(layer.name, "too_wide", detail)
