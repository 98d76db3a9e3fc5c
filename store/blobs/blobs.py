"""Files too large for the database, in a folder or a bucket, under names made by the server."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from store.blobs.disk_cache import Cache
from store.blobs.disk_errors import storage_error
from store.errors import NotFoundError, StoreUnavailableError
from store.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

# A file is sent and fetched in pieces of this size; a few of them are in memory at once.
PIECE_BYTES = 8 * 2**20
PIECES_AT_ONCE = 4
# So long a piece may take; and so long a request is tried again before the store is called silent.
PIECE_SECONDS = 120
RETRY_SECONDS = 15
RETRIES = 4


class BlobStore:
    """Blobs by key. A folder is read in place; of a bucket, copies are kept in a cache."""

    def __init__(self, store: ObjectStore, folder: Path | None, cache: Cache) -> None:
        self._store = store
        self._folder = folder
        self._cache = cache

    def put_blob(self, key: str, source: Path) -> None:
        """Store the file's bytes under the key, all or none. Raises StoreUnavailableError."""
        with _errors_named(key, missing_is_trouble=True):
            self._store.put(key, source, chunk_size=PIECE_BYTES, max_concurrency=PIECES_AT_ONCE)
            if self._folder is not None:
                _write_through(self._folder / key)

    @contextmanager
    def hold_path(self, key: str, sha256: str = "") -> Iterator[Path]:
        """A local file with the blob's bytes, which stays until the end of the block.

        Args:
            key: the blob's name in the store.
            sha256: of the blob, if it is known: the copy of a bucket's blob is checked against it.

        Raises NotFoundError, StoreUnavailableError.
        """
        if self._folder is not None:
            path = self._folder / key
            if not path.exists():
                raise NotFoundError("blob", key)
            yield path
            return
        with _held(self._cache, sha256 or key, lambda copy: self._copy(key, sha256, copy)) as path:
            yield path

    def _copy(self, key: str, sha256: str, target: Path) -> None:
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for piece in self.read_blob(key):
                digest.update(piece)
                file.write(piece)
        if sha256 and digest.hexdigest() != sha256:
            msg = f"blob {key} has the sha256 {digest.hexdigest()}, not {sha256}"
            raise StoreUnavailableError(msg)

    def read_blob(self, key: str) -> Iterator[bytes]:
        """The blob's bytes, a piece at a time. Raises NotFoundError, StoreUnavailableError."""
        with _errors_named(key):
            size = self._store.head(key)["size"]
        for start in range(0, size, PIECE_BYTES):
            # Each piece is a request of its own: it can be tried again, and time out, alone.
            with _errors_named(key):
                piece = self._store.get_range(key, start=start, end=min(start + PIECE_BYTES, size))
            yield piece.to_bytes()

    def list_blobs(self, folder: str) -> list[str]:
        """Keys that begin with the folder and a slash. Raises StoreUnavailableError."""
        with _errors_named(folder):
            return [found["path"] for page in self._store.list(folder) for found in page]

    def delete_blob(self, key: str) -> None:
        """Erase a blob; erasing it twice is the same as once. Raises StoreUnavailableError."""
        try:
            with _errors_named(key):
                self._store.delete(key)
        except NotFoundError:
            pass
        if self._folder is not None:
            # What a crash left behind of a put that was under way.
            path = self._folder / key
            for staged in path.parent.glob(f"{path.name}#*"):
                staged.unlink(missing_ok=True)


def open_blobs(settings: Settings) -> BlobStore:
    """The blob store of these settings. Raises StoreUnavailableError."""
    parts = urlsplit(settings.blob_url)
    cache = Cache(settings.data_dir / "cache" / "blobs", settings.blob_cache_bytes)
    with _errors_named(settings.blob_url, missing_is_trouble=True):
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            return BlobStore(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder, cache)
        store = S3Store(
            parts.netloc,
            prefix=unquote(parts.path).strip("/") or None,
            config=_bucket_config(settings),
            client_options=_client_options(settings),
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
        )
        return BlobStore(store, None, cache)


def _bucket_config(settings: Settings) -> "S3Config":
    config: S3Config = {
        "virtual_hosted_style_request": False,
        # Not every server that speaks S3 knows the other way.
        "disable_bulk_delete": True,
    }
    if settings.blob_endpoint is not None:
        config["endpoint"] = settings.blob_endpoint
    if settings.blob_region is not None:
        config["region"] = settings.blob_region
    if settings.blob_access_key_id is not None:
        config["access_key_id"] = settings.blob_access_key_id
    if settings.blob_secret_access_key is not None:
        config["secret_access_key"] = settings.blob_secret_access_key.get_secret_value()
    return config


def _client_options(settings: Settings) -> "ClientConfig":
    endpoint = settings.blob_endpoint or ""
    return {
        "allow_http": urlsplit(endpoint).scheme == "http",
        "timeout": timedelta(seconds=PIECE_SECONDS),
    }


@contextmanager
def _held(cache: Cache, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """Hold an entry of the cache; what the block itself raises is none of the store's errors."""
    holding = cache.hold(key, make)
    with _errors_named(key, missing_is_trouble=True):
        path = holding.__enter__()
    try:
        yield path
    finally:
        holding.__exit__(None, None, None)


@contextmanager
def _errors_named(key: str, *, missing_is_trouble: bool = False) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if missing_is_trouble:
            raise storage_error("blob store", error) from error
        raise NotFoundError("blob", key) from error
    except (BaseError, OSError, ValueError) as error:
        raise storage_error("blob store", error) from error


def _write_through(path: Path) -> None:
    """Put the file and its name on the disk, so that it outlives a crash of the machine."""
    for file in (path, path.parent):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
