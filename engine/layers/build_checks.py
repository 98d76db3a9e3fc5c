"""What keeps layers from being built: shapes that do not fit, and limits."""

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
    """Where a layer of that name is in the spec: `layers.2.layers.0` is `/network/layers/2/…`."""
    return "/network/" + name.replace(".", "/")


def reject(name: str, code: str, detail: str) -> NoReturn:
    """Refuse the layer of that name."""
    raise SpecError([SpecProblem(pointer(name), code, detail)])


def require_features(kind: str, name: str, shape: Shape) -> int:
    """The features of a row that must be a vector."""
    if len(shape) == 1:
        return shape[0]
    detail = f"{kind} takes rows of shape (features,), it is given {shape}: put flatten before it"
    reject(name, "wrong_shape", detail)


def require_image(kind: str, name: str, shape: Shape) -> tuple[int, int, int]:
    """Height, width and channels of a row that must be an image."""
    if len(shape) == 3:
        return shape
    detail = f"{kind} takes rows of shape (height, width, channels), it is given {shape}"
    reject(name, "wrong_shape", f"{detail}: put reshape before it")


def require_same_size(kind: str, name: str, given: Shape, wanted: Shape) -> None:
    """As many values in both shapes."""
    if math.prod(given) != math.prod(wanted):
        detail = (
            f"{kind} makes {math.prod(wanted)} values of shape {wanted}, "
            f"it is given {math.prod(given)} of shape {given}"
        )
        reject(name, "wrong_shape", detail)


def require_limits(specs: Sequence[LayerSpec]) -> None:
    """Not too many layers, and none too deep within others."""
    count = _count_layers(specs, "layers", 0)
    if count > MAX_LAYERS:
        reject("layers", "too_many_layers", f"there may be {MAX_LAYERS} layers, these are {count}")


def _count_layers(specs: Sequence[LayerSpec], prefix: str, depth: int) -> int:
    count = len(specs)
    for index, spec in enumerate(specs):
        if isinstance(spec, ResidualSpec):
            name = f"{prefix}.{index}"
            if depth == MAX_NESTING:
                detail = f"residual blocks may be {MAX_NESTING} deep within each other"
                reject(name, "too_deep", detail)
            count += _count_layers(spec.layers, f"{name}.layers", depth + 1)
    return count


def require_width(layer: Layer) -> None:
    """Not too many values a row."""
    width = math.prod(layer.out_shape)
    if width > MAX_ROW_VALUES:
        detail = f"a layer may give {MAX_ROW_VALUES} values a row, {layer.out_shape} is {width}"
        reject(layer.name, "too_wide", detail)
