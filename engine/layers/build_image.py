"""Build convolution and pooling layers, which take rows of shape (height, width, channels)."""

from typing import Literal

from engine.initializers import default_initializer
from engine.layers.build_checks import reject, require_image
from engine.layers.build_context import BuildContext
from engine.layers.convolution import Conv2d
from engine.layers.pooling import AveragePooling2d, MaxPooling2d
from engine.layers.windows import Windows, make_windows
from engine.specs import AveragePooling2dSpec, Conv2dSpec, MaxPooling2dSpec


def build_conv2d(spec: Conv2dSpec, context: BuildContext) -> Conv2d:
    """Build a convolution, without its activation."""
    height, width, channels = require_image(spec.type, context.name, context.shape)
    windows = _make_windows(spec.kernel_size, spec.stride, spec.padding, (height, width))
    _require_windows("kernel", windows, context)
    return Conv2d(
        context.name,
        windows,
        channels,
        spec.filters,
        context.dtype,
        use_bias=spec.use_bias,
        initializer=spec.initializer or default_initializer(spec.activation),
    )


def build_pooling(
    spec: MaxPooling2dSpec | AveragePooling2dSpec, context: BuildContext
) -> MaxPooling2d | AveragePooling2d:
    """Build a max or average pooling layer."""
    height, width, channels = require_image(spec.type, context.name, context.shape)
    windows = _make_windows(spec.pool_size, spec.stride or spec.pool_size, "valid", (height, width))
    _require_windows("pool", windows, context)
    kind = MaxPooling2d if isinstance(spec, MaxPooling2dSpec) else AveragePooling2d
    return kind(context.name, windows, channels, context.dtype)


def _make_windows(
    length: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    padding: Literal["valid", "same"],
    image: tuple[int, int],
) -> tuple[Windows, Windows]:
    """Return the windows along height and along width."""
    (height, width), lengths, strides = image, _per_axis(length), _per_axis(stride)
    return (
        make_windows(height, lengths[0], strides[0], padding),
        make_windows(width, lengths[1], strides[1], padding),
    )


def _per_axis(side: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return one number per axis; a single number applies to both."""
    return (side, side) if isinstance(side, int) else side


def _require_windows(what: str, windows: tuple[Windows, Windows], context: BuildContext) -> None:
    if all(axis.count for axis in windows):
        return
    size = tuple(axis.length for axis in windows)
    detail = f"a {what} of {size} is larger than its input image, {context.shape}"
    reject(context.name, "wrong_shape", detail)
