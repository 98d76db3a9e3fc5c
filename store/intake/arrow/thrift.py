"""Reader of Thrift's compact protocol, in which Parquet writes its footer and page headers.

See https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Iterator

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)

_INTEGERS = frozenset({I16, I32, I64})
_FIXED_BYTES = {TRUE: 1, FALSE: 1, BYTE: 1, DOUBLE: 8, UUID: 16}
_MAX_DEPTH = 32
_MAX_VARINT_BYTES = 10


class CompactReader:
    """Reads values one after the other.

    Every method raises IndexError at the end of the data and ValueError for values that the
    protocol does not allow.

    Attributes:
        at: offset of the next byte.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield id and type of each field of a struct; the caller reads or skips its value."""
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self.integer()
            yield field, head & 15

    def integer(self) -> int:
        """Read a 16-, 32- or 64-bit integer."""
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def items(self, kind: int) -> int:
        """Read the head of a list whose items must be of a type; return their number."""
        found, count = self._list_head()
        if found != kind and count:
            raise ValueError(f"a list has items of type {found}")
        return count

    def skip(self, kind: int, depth: int = 0) -> None:
        """Skip the value of a field of a type."""
        if kind in _INTEGERS:
            self._varint()
        elif kind == BINARY:
            length = self._varint()
            self.at += length
        elif kind not in {TRUE, FALSE}:
            self._skip_item(kind, depth)

    def _skip_item(self, kind: int, depth: int) -> None:
        """Skip an item of a list, where booleans take a byte, or a value of another type."""
        if depth > _MAX_DEPTH:
            raise ValueError("values are nested too deep")
        if kind in _FIXED_BYTES:
            self.at += _FIXED_BYTES[kind]
        elif kind in {LIST, SET}:
            item, count = self._list_head()
            self._skip_items(item, count, depth)
        elif kind == STRUCT:
            for _, field_kind in self.fields():
                self.skip(field_kind, depth + 1)
        elif kind == MAP:
            self._skip_map(depth)
        else:
            raise ValueError(f"a value has the unknown type {kind}")

    def _skip_items(self, kind: int, count: int, depth: int) -> None:
        if kind in _FIXED_BYTES:
            self.at += count * _FIXED_BYTES[kind]
            return
        for _ in range(count):
            if kind in _INTEGERS or kind == BINARY:
                self.skip(kind)
            else:
                self._skip_item(kind, depth + 1)

    def _skip_map(self, depth: int) -> None:
        count = self._varint()
        kinds = self._byte() if count else 0
        for _ in range(count):
            for kind in (kinds >> 4, kinds & 15):
                self._skip_items(kind, 1, depth)

    def _list_head(self) -> tuple[int, int]:
        """Return type and number of the items of a list."""
        head = self._byte()
        count = head >> 4
        return head & 15, self._varint() if count == 15 else count

    def _byte(self) -> int:
        found = self._data[self.at]
        self.at += 1
        return found

    def _varint(self) -> int:
        data, at = self._data, self.at
        byte = data[at]
        at += 1
        number, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > 7 * _MAX_VARINT_BYTES:
                raise ValueError("an integer is too long")
        self.at = at
        return number
