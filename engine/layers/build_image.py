"""Convolution and pooling from their specs: on rows of shape (height, width, channels)."""

from typing import Literal

from engine.initializers import default_initializer
from engine.layers.build_checks import reject, require_image
from engine.layers.build_context import BuildContext
from engine.layers.convolution import Conv2d
from engine.layers.pooling import AveragePooling2d, MaxPooling2d
from engine.layers.windows import Windows, lay_windows
from engine.specs import AveragePooling2dSpec, Conv2dSpec, MaxPooling2dSpec


def build_conv2d(spec: Conv2dSpec, place: BuildContext) -> Conv2d:
    """The convolution, without its activation."""
    height, width, channels = require_image(spec.type, place.name, place.shape)
    windows = _lay(spec.kernel_size, spec.stride, spec.padding, (height, width))
    _require_windows("kernel", windows, place)
    return Conv2d(
        place.name,
        windows,
        channels,
        spec.filters,
        place.dtype,
        use_bias=spec.use_bias,
        initializer=spec.initializer or default_initializer(spec.activation),
    )


def build_pooling(
    spec: MaxPooling2dSpec | AveragePooling2dSpec, place: BuildContext
) -> MaxPooling2d | AveragePooling2d:
    """The pooling of that kind."""
    height, width, channels = require_image(spec.type, place.name, place.shape)
    windows = _lay(spec.pool_size, spec.stride or spec.pool_size, "valid", (height, width))
    _require_windows("pool", windows, place)
    kind = MaxPooling2d if isinstance(spec, MaxPooling2dSpec) else AveragePooling2d
    return kind(place.name, windows, channels, place.dtype)


def _lay(
    length: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    padding: Literal["valid", "same"],
    image: tuple[int, int],
) -> tuple[Windows, Windows]:
    """Windows along height and along width."""
    (height, width), lengths, strides = image, _both(length), _both(stride)
    return (
        lay_windows(height, lengths[0], strides[0], padding),
        lay_windows(width, lengths[1], strides[1], padding),
    )


def _both(side: int | tuple[int, ...]) -> tuple[int, ...]:
    """One number stands for both axes."""
    return (side, side) if isinstance(side, int) else side


def _require_windows(what: str, windows: tuple[Windows, Windows], place: BuildContext) -> None:
    if all(axis.count for axis in windows):
        return
    size = tuple(axis.length for axis in windows)
    detail = f"a {what} of {size} is larger than the image it is given, {place.shape}"
    reject(place.name, "wrong_shape", detail)
