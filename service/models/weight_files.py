"""Weights as files in three formats, written piece by piece: memory does not grow with them."""

import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

import numpy as np

from service.context import Context
from service.uploads.temp_folders import incoming
from store.blobs.artifacts import iterate_artifact
from store.blobs.disk_errors import translate_disk_errors
from store.blobs.tensor_file import PIECE_BYTES, StoredTensor

# A zip file stores its creation time; a fixed one keeps the bytes of equal weights equal.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
# Larger members have sizes of 64 bits.
_ZIP64_BYTES = 2**31


def open_artifact(context: Context, sha256: str) -> BinaryIO:
    """Return a temporary file with the verified bytes of an artifact; its readers share it.

    A transaction would last as long as the client takes to read. Raises NotFoundError,
    DamagedArtifactError, StoreUnavailableError, StorageFullError.
    """

    def write(file: BinaryIO) -> None:
        with context.database.reading() as session:
            file.writelines(iterate_artifact(session, sha256))

    with translate_disk_errors("weights"):
        return context.shared_files.open(sha256, incoming(context.settings.data_dir), write)


def iterate_file(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces."""
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece


class _Written:
    """A file to write to, whose bytes are taken from it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep the bytes."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: zipfile calls it."""

    def take(self) -> bytes:
        """Return the bytes that were written since the last call."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def iterate_npz(tensors: Mapping[str, StoredTensor]) -> Iterator[bytes]:
    """Yield the pieces of a NumPy archive."""
    written = _Written()
    with zipfile.ZipFile(cast("BinaryIO", written), "w") as archive:
        for name, tensor in tensors.items():
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH)
            is_large = tensor.nbytes >= _ZIP64_BYTES
            with archive.open(info, "w", force_zip64=is_large) as member:
                header = {
                    "descr": tensor.dtype.str,
                    "fortran_order": False,
                    "shape": tensor.shape,
                }
                np.lib.format.write_array_header_1_0(member, header)
                for piece in tensor.iterate_bytes():
                    member.write(piece)
                    yield written.take()
    yield written.take()
