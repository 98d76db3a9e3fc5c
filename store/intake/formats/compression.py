"""Decompression of uploads, with limits against decompression bombs."""

from pathlib import Path

from store.errors import IntakeError
from store.intake.budget import exceeded
from store.intake.options import Compression, Limits

CHUNK_BYTES = 2**18
MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class ExpansionGuard:
    """Limits the decompressed bytes by the compressed bytes read so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = 0

    def add(self, count: int, consumed: int) -> None:
        """Add `count` decompressed bytes; `consumed` is the total of compressed bytes so far.

        Raises IntakeLimitError if the limit is exceeded, ReadingStoppedError.
        """
        self._limits.check_running()
        self._bytes += count
        # An archive may itself have been compressed.
        allowed = self._limits.allow("max_bytes", min(consumed, self._limits.sent_bytes))
        if self._bytes > allowed.limit:
            raise exceeded(
                f"the first {consumed} bytes of the file expand to", self._bytes, allowed
            )


def find_compression(head: bytes) -> Compression | None:
    """Return the compression indicated by the first bytes of a file; None if there is none."""
    return next((found for magic, found in MAGIC.items() if head.startswith(magic)), None)


def decompress(path: Path, compression: Compression, target: Path, limits: Limits) -> None:
    """Unpack a file. Raises IntakeError when it is cut, corrupt, twice compressed or expands."""
    import pyarrow as pa

    guard = ExpansionGuard(limits)
    try:
        with path.open("rb") as file, target.open("wb") as sink:
            stream = pa.CompressedInputStream(file, compression)
            first = True
            while chunk := stream.read(CHUNK_BYTES):
                guard.add(len(chunk), file.tell())
                if first:
                    _reject_nested(chunk)
                first = False
                sink.write(chunk)
    except (pa.ArrowException, OSError, ValueError) as error:
        _reraise_os_errors(error)
        what = "is cut off" if "runcated" in str(error) else "is corrupt"
        raise IntakeError(f"not_{compression}", f"the {compression} stream {what}") from error


def read_decompressed_head(path: Path, compression: Compression, count: int) -> bytes:
    """Return the first `count` bytes of a decompressed file; fewer if it is broken."""
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            head: bytes = pa.CompressedInputStream(file, compression).read(count)
            return head
    except (pa.ArrowException, OSError, ValueError) as error:
        _reraise_os_errors(error)
        return b""


def _reject_nested(chunk: bytes) -> None:
    inner = find_compression(chunk)
    if inner is not None:
        detail = f"the file is compressed twice: its content is a {inner} stream"
        raise IntakeError("compressed_twice", detail)


def _reraise_os_errors(error: Exception) -> None:
    """Re-raise an error of the system, such as a full disk or memory: the upload may be valid."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
        raise error
