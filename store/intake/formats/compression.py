"""A compressed upload is unpacked into a file, unless it grows out of proportion."""

from pathlib import Path

from store.errors import IntakeError
from store.intake.options import Compression

CHUNK_BYTES = 2**18
# What real tables of equal lines reach is about 100-fold.
MAX_EXPANSION = 200
FREE_BYTES = 2**24
MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class ExpansionGuard:
    """Compares what comes out of compressed bytes with what went in."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, count: int, consumed: int) -> None:
        """Note more bytes out, and all bytes in so far. Raises IntakeError when it is too much."""
        self._bytes += count
        allowed = min(self._max_bytes, max(FREE_BYTES, MAX_EXPANSION * consumed))
        if self._bytes <= allowed:
            return
        if allowed == self._max_bytes:
            detail = f"the file expands to more than the {allowed} bytes that are accepted"
        else:
            detail = f"the file expands more than {MAX_EXPANSION}-fold"
        raise IntakeError("expands_too_much", detail)


def find_compression(head: bytes) -> Compression | None:
    """The compression that the first bytes of a file tell of."""
    return next((found for magic, found in MAGIC.items() if head.startswith(magic)), None)


def decompress(path: Path, compression: Compression, target: Path, max_bytes: int) -> None:
    """Unpack a file. Raises IntakeError when it is cut, corrupt, twice compressed or expands."""
    import pyarrow as pa

    guard = ExpansionGuard(max_bytes)
    try:
        with path.open("rb") as file, target.open("wb") as sink:
            stream = pa.CompressedInputStream(file, compression)
            first = True
            while chunk := stream.read(CHUNK_BYTES):
                guard.add(len(chunk), file.tell())
                if first:
                    _refuse_nested(chunk)
                first = False
                sink.write(chunk)
    except (pa.ArrowException, OSError, ValueError) as error:
        _keep_system_errors(error)
        what = "is cut off" if "runcated" in str(error) else "is corrupt"
        raise IntakeError(f"not_{compression}", f"the {compression} stream {what}") from error


def _refuse_nested(chunk: bytes) -> None:
    inner = find_compression(chunk)
    if inner is not None:
        detail = f"the file is compressed twice: inside it is {inner} again"
        raise IntakeError("compressed_twice", detail)


def _keep_system_errors(error: Exception) -> None:
    """Let a full disk be what it is, rather than the fault of the upload."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
