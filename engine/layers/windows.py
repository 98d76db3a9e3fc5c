"""Window positions of convolution and pooling along each axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal


@dataclass(frozen=True)
class Windows:
    """Sliding windows along one axis, which may overlap the padding.

    Attributes:
        size: number of values on the axis.
        length: window length.
        stride: distance between the starts of consecutive windows.
        before: number of zeros padded before the axis.
        after: number of zeros padded after the axis.
    """

    size: int
    length: int
    stride: int
    before: int = 0
    after: int = 0

    @property
    def count(self) -> int:
        """Number of windows; 0 if a window is longer than the padded axis."""
        return max((self.size + self.before + self.after - self.length) // self.stride + 1, 0)

    def spans_per_offset(self) -> list[tuple[slice, slice]]:
        """Return, per offset in a window: windows with it inside the axis, and axis positions."""
        return [self._spans(offset - self.before) for offset in range(self.length)]

    def _spans(self, first: int) -> tuple[slice, slice]:
        """Return the windows and positions of the offset at position `first` in window 0."""
        start = max(-(first // self.stride), 0)
        stop = max(min((self.size - 1 - first) // self.stride + 1, self.count), start)
        position = first + start * self.stride
        values = slice(position, position + (stop - start) * self.stride, self.stride)
        return slice(start, stop), values


# Index into an array (batch, height, width, channels).
WindowSpan = tuple[slice, slice, slice]


def pair_spans(rows: Windows, columns: Windows) -> Iterator[tuple[WindowSpan, WindowSpan]]:
    """Yield the spans of windows and of values for each offset in a 2-D window, row by row."""
    everything = slice(None)
    for (row, value_row), (column, value_column) in product(
        rows.spans_per_offset(), columns.spans_per_offset()
    ):
        yield (everything, row, column), (everything, value_row, value_column)


def make_windows(size: int, length: int, stride: int, padding: Literal["valid", "same"]) -> Windows:
    """Return windows without padding ("valid") or padded to ⌈size / stride⌉ windows ("same").

    The smaller half of the padding is before the axis, as in TensorFlow and PyTorch.
    """
    if padding == "valid":
        return Windows(size, length, stride)
    total = max((-(-size // stride) - 1) * stride + length - size, 0)
    return Windows(size, length, stride, total // 2, total - total // 2)
