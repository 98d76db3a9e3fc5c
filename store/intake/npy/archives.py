"""NumPy .npz archives, whose arrays become adjacent columns."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from store.errors import IntakeError
from store.intake.batches.arrow_source import ArrowSource
from store.intake.cells.arrow_types import cut
from store.intake.formats.compression import CHUNK_BYTES, ExpansionGuard
from store.intake.formats.magic_bytes import list_members
from store.intake.npy.arrays import NpyArray, arrays_source, read_header
from store.intake.options import Limits, ReadOptions

SUFFIX = ".npy"
MAX_MEMBERS = 4096
ENCRYPTED = 0x1
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def open_npz(path: Path, options: ReadOptions, limits: Limits, folder: Path) -> ArrowSource:
    """Open an .npz file. Raises IntakeError."""
    members = list_members(path)
    if not isinstance(members, list):
        what = "has too many members" if members == "many" else "is not a zip archive or is broken"
        raise IntakeError("not_npz", f"the .npz file {what}")
    _check_members(members)
    unpacked = folder / "arrays"
    try:
        ranges = _unpack(path, members, unpacked, ExpansionGuard(limits))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        why = "a wrong checksum" if "CRC" in str(error) else str(error)[:100]
        raise IntakeError(
            "not_npz", f"the zip archive of the .npz file is broken: {why}"
        ) from error
    with unpacked.open("rb") as file:
        arrays = [
            read_header(file, start, end, member.filename.removesuffix(SUFFIX), limits)
            for member, (start, end) in zip(members, ranges, strict=True)
        ]
    _check_lengths(arrays, members)
    return arrays_source(unpacked, arrays, {"format": "npz"}, options, limits)


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    if not members:
        raise IntakeError("not_npz", "the .npz file is empty: arrays such as X and y are expected")
    if len(members) > MAX_MEMBERS:
        detail = f"the .npz file has {len(members)} members, at most {MAX_MEMBERS} are accepted"
        raise IntakeError("not_npz", detail)
    names = set()
    for member in members:
        problem = _problem(member)
        if member.filename in names:
            problem = "occurs twice"
        if problem:
            shown = cut(member.filename)
            raise IntakeError("not_npz", f"the member {shown!r} of the .npz file {problem}")
        names.add(member.filename)


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Describe a member's problem; None if valid. Names become column names, never paths."""
    name = member.filename
    if member.flag_bits & ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in METHODS:
        return "is neither stored nor deflated"
    if not name.endswith(SUFFIX):
        return f"is not an array: its name does not end in {SUFFIX}"
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        return "has a path as its name"
    return None


def _unpack(
    path: Path, members: Sequence[zipfile.ZipInfo], target: Path, guard: ExpansionGuard
) -> list[tuple[int, int]]:
    """Write all members to one file and return the offsets of each one's start and end."""
    ranges = []
    size, consumed = path.stat().st_size, 0
    with zipfile.ZipFile(path) as archive, target.open("wb") as sink:
        for member in members:
            start = sink.tell()
            # Members may overlap: together they never exceed the file's size.
            consumed = min(size, consumed + member.compress_size)
            with archive.open(member) as source:
                while chunk := source.read(CHUNK_BYTES):
                    guard.add(len(chunk), consumed)
                    sink.write(chunk)
            ranges.append((start, sink.tell()))
    return ranges


def _check_lengths(arrays: Sequence[NpyArray], members: Sequence[zipfile.ZipInfo]) -> None:
    first = members[0].filename.removesuffix(SUFFIX)
    for array, member in zip(arrays, members, strict=True):
        if array.rows != arrays[0].rows:
            name = member.filename.removesuffix(SUFFIX)
            detail = f"{cut(name)!r} has {array.rows} rows where {cut(first)!r} has "
            raise IntakeError("ragged_columns", f"{detail}{arrays[0].rows}")
