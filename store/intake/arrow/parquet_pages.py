"""Sizes of a Parquet file's pages, from the page headers: sizes in the footer may be false."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from store.errors import IntakeError
from store.intake.arrow.parquet_footer import broken
from store.intake.arrow.parquet_groups import Chunk, Group
from store.intake.arrow.thrift import I32, STRUCT, CompactReader
from store.intake.options import Limits

# A page is decompressed as a whole; some writers store a whole column chunk in one page.
MAX_PAGE_BYTES = 2**29
# Besides the first pages of each chunk, pages must be of this many bytes or rows on average: each
# costs time.
MIN_PAGE_SIZE = 256
FIRST_PAGES = 4

_HEADER_BYTES = (2**9, 2**14, 2**24)
# Old files end a chunk some bytes later than its footer claims.
_PADDING_BYTES = 100

_TYPE, _UNPACKED_BYTES, _COMPRESSED_BYTES = 1, 2, 3
_DICTIONARY_PAGE = 2
# Fields that hold the header of a data page, with the ids of its encoding.
_DATA_HEADERS = {5: 2, 8: 4}
_DICTIONARY_ENCODINGS = frozenset({2, 8})
_DELTA_BYTE_ARRAY = 7


class _Page(NamedTuple):
    """A page header; `values` is None for other pages than data pages."""

    kind: int
    unpacked: int
    compressed: int
    values: int | None
    encoding: int


class ChunkSizes(NamedTuple):
    """Sizes of the pages of a column chunk after decompression, in bytes.

    Attributes:
        unpacked: all pages.
        dictionary: its dictionary page.
        own: at most the texts in the data pages, without those in the dictionary.
        longest: at least the mean length of a text in each data page, without the dictionary.
        starts_with_dictionary: whether the first data page refers to the dictionary.
    """

    unpacked: int
    dictionary: int
    own: int
    longest: int
    starts_with_dictionary: bool


def read_page_sizes(path: Path, groups: Sequence[Group], limits: Limits) -> list[list[ChunkSizes]]:
    """Return the sizes of each chunk of each row group.

    Raises IntakeError if a page header is broken, the pages expand too much, one of them is too
    large, or pages are many and small.
    """
    size = path.stat().st_size
    chunks = sum(len(group.chunks) for group in groups)
    values = sum(group.rows * len(group.chunks) for group in groups)
    pages = _PageLimits(FIRST_PAGES * chunks + (size + values) // MIN_PAGE_SIZE, limits)
    with path.open("rb") as file:
        return [
            [_measure(pages.check(_pages(file, chunk))) for chunk in group.chunks]
            for group in groups
        ]


class _PageLimits:
    """Checks the number and sizes of a file's pages."""

    def __init__(self, pages: int, limits: Limits) -> None:
        self._pages = pages
        self._unpacked = limits.budget("the pages of the Parquet file expand to")

    def check(self, pages: Iterator[_Page]) -> Iterator[_Page]:
        """Yield the pages. Raises IntakeError if they are too many or too large."""
        for page in pages:
            self._pages -= 1
            if self._pages < 0:
                detail = f"pages of the Parquet file have fewer than {MIN_PAGE_SIZE} bytes and rows"
                raise IntakeError("pages_too_small", f"{detail} on average: write larger pages")
            self._unpacked.add(page.unpacked)
            if page.unpacked > MAX_PAGE_BYTES:
                detail = f"a page of the Parquet file holds {page.unpacked} uncompressed bytes: "
                detail += f"write smaller pages, at most {MAX_PAGE_BYTES} are accepted"
                raise IntakeError("page_too_large", detail)
            yield page


def _measure(pages: Iterator[_Page]) -> ChunkSizes:
    unpacked = dictionary = own = longest = 0
    first: int | None = None
    for page in pages:
        unpacked += page.unpacked
        if page.kind == _DICTIONARY_PAGE:
            dictionary += page.unpacked
        if page.values is None:
            continue
        first = page.encoding if first is None else first
        if page.encoding == _DELTA_BYTE_ARRAY:
            # Each text may repeat all texts before it.
            own += page.unpacked * page.values
            longest = max(longest, page.unpacked)
        elif page.encoding not in _DICTIONARY_ENCODINGS:
            own += page.unpacked
            longest = max(longest, page.unpacked // max(1, page.values))
    return ChunkSizes(unpacked, dictionary, own, longest, first in _DICTIONARY_ENCODINGS)


def _pages(file: BinaryIO, chunk: Chunk) -> Iterator[_Page]:
    """Yield the pages up to the last value, as pyarrow reads them."""
    at, end, values = chunk.start, chunk.start + chunk.compressed + _PADDING_BYTES, 0
    while values < chunk.values and at < end:
        page, header_bytes = _read_page(file, at)
        at += header_bytes + page.compressed
        if at > end:
            raise broken("a page lies outside its column")
        values += page.values or 0
        yield page


def _read_page(file: BinaryIO, at: int) -> tuple[_Page, int]:
    """Return the page header at an offset and its bytes."""
    for length in _HEADER_BYTES:
        file.seek(at)
        reader = CompactReader(file.read(length))
        try:
            page = _parse(reader)
        except IndexError:
            continue
        except ValueError:
            break
        if min(page.unpacked, page.compressed, page.values or 0) >= 0:
            return page, reader.at
        break
    raise broken("a page header cannot be read")


def _parse(reader: CompactReader) -> _Page:
    numbers: dict[int, int] = {}
    values, encoding = None, -1
    for field, kind in reader.fields():
        if kind == I32:
            numbers[field] = reader.integer()
        elif field in _DATA_HEADERS and kind == STRUCT:
            inner = _read_integers(reader)
            values, encoding = inner.get(1, 0), inner.get(_DATA_HEADERS[field], -1)
        else:
            reader.skip(kind)
    sizes = (numbers.get(_UNPACKED_BYTES, -1), numbers.get(_COMPRESSED_BYTES, -1))
    return _Page(numbers.get(_TYPE, -1), *sizes, values, encoding)


def _read_integers(reader: CompactReader) -> dict[int, int]:
    found: dict[int, int] = {}
    for field, kind in reader.fields():
        if kind == I32:
            found[field] = reader.integer()
        else:
            reader.skip(kind)
    return found
