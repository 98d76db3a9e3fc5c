"""Where the windows of convolution and pooling lie along an axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal


@dataclass(frozen=True)
class Windows:
    """Windows along one axis, each `stride` after the one before, some of it on padding.

    Attributes:
        size: values on the axis.
        length: of a window.
        stride: from one window's begin to the next one's.
        before: zeros before the axis.
        after: zeros after it.
    """

    size: int
    length: int
    stride: int
    before: int = 0
    after: int = 0

    @property
    def count(self) -> int:
        """How many windows there are: none if they are longer than the axis."""
        return max((self.size + self.before + self.after - self.length) // self.stride + 1, 0)

    def meetings(self) -> list[tuple[slice, slice]]:
        """For each offset in a window: which windows have it on the axis, and where it is there."""
        return [self._meeting(offset - self.before) for offset in range(self.length)]

    def _meeting(self, first: int) -> tuple[slice, slice]:
        """As above, for the offset that the first window has at the value `first`."""
        start = max(-(first // self.stride), 0)
        stop = max(min((self.size - 1 - first) // self.stride + 1, self.count), start)
        place = first + start * self.stride
        values = slice(place, place + (stop - start) * self.stride, self.stride)
        return slice(start, stop), values


# Places in an array (batch, height, width, channels).
WindowSpan = tuple[slice, slice, slice]


def pair_spans(rows: Windows, columns: Windows) -> Iterator[tuple[WindowSpan, WindowSpan]]:
    """For each offset in a window of both axes, row by row: the windows' places and the values'."""
    everything = slice(None)
    for (row, value_row), (column, value_column) in product(rows.meetings(), columns.meetings()):
        yield (everything, row, column), (everything, value_row, value_column)


def lay_windows(size: int, length: int, stride: int, padding: Literal["valid", "same"]) -> Windows:
    """Windows on the axis alone, or with so much padding that there are ⌈size / stride⌉.

    The padding's smaller half comes first, as in TensorFlow and PyTorch.
    """
    if padding == "valid":
        return Windows(size, length, stride)
    total = max((-(-size // stride) - 1) * stride + length - size, 0)
    return Windows(size, length, stride, total // 2, total - total // 2)
