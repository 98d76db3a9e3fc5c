"""Blob store: files too large for the database, in a folder or bucket, by server-made keys."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from store.blobs.disk_cache import Cache
from store.blobs.disk_errors import storage_error
from store.blobs.local_folder import (
    delete_all_staged,
    delete_old_staged,
    delete_staged,
    make_durable_folder,
    sync_blob,
)
from store.errors import NotFoundError, StoreUnavailableError
from store.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

# Size of the ranges in which files are transferred; a few of them are in memory at once.
RANGE_BYTES = 8 * 2**20
CONCURRENT_RANGES = 4
PAGE_BLOBS = 500
# Timeout of one range request, and the time for retries before StoreUnavailableError.
RANGE_SECONDS = 120
RETRY_SECONDS = 15
RETRIES = 4


class BlobStore:
    """Blobs by key. A folder is read in place; blobs of a bucket are copied to a disk cache."""

    def __init__(self, store: ObjectStore, folder: Path | None, cache: Cache) -> None:
        self._store = store
        self._folder = folder
        self._cache = cache

    def put_blob(self, key: str, source: Path) -> None:
        """Store a file under the key, atomically. Raises StoreUnavailableError."""
        with _translate_errors(key, missing_is_unavailable=True):
            self._store.put(key, source, chunk_size=RANGE_BYTES, max_concurrency=CONCURRENT_RANGES)
            if self._folder is not None:
                sync_blob(self._folder, key)

    @contextmanager
    def hold_path(self, key: str, sha256: str = "") -> Iterator[Path]:
        """Provide a local file with the blob's bytes, which exists until the end of the block.

        Args:
            key: key of the blob.
            sha256: hash of the blob, if known; the copy of a bucket's blob is verified with it.

        Raises NotFoundError, StoreUnavailableError.
        """
        if self._folder is not None:
            path = self._folder / key
            if not path.exists():
                raise NotFoundError("blob", key)
            yield path
            return
        with _hold_entry(
            self._cache, sha256 or key, lambda copy: self._copy(key, sha256, copy)
        ) as path:
            yield path

    def _copy(self, key: str, sha256: str, target: Path) -> None:
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for data in self.read_blob(key):
                digest.update(data)
                file.write(data)
        if sha256 and digest.hexdigest() != sha256:
            msg = f"blob {key} has the sha256 {digest.hexdigest()}, not {sha256}"
            raise StoreUnavailableError(msg)

    def read_blob(self, key: str) -> Iterator[bytes]:
        """Yield the blob's bytes in ranges. Raises NotFoundError, StoreUnavailableError."""
        with _translate_errors(key):
            size = self._store.head(key)["size"]
        for start in range(0, size, RANGE_BYTES):
            # One request per range: each has its own timeout and retries.
            with _translate_errors(key):
                data = self._store.get_range(key, start=start, end=min(start + RANGE_BYTES, size))
            yield data.to_bytes()

    def list_blobs(self, folder: str) -> list[str]:
        """Return the keys below the folder. Raises StoreUnavailableError."""
        with _translate_errors(folder):
            return [found["path"] for page in self._store.list(folder) for found in page]

    def list_old_blobs(self, folder: str, older_than_seconds: float) -> Iterator[list[str]]:
        """Yield the keys below the folder last written this long ago, in pages of up to 500.

        Raises StoreUnavailableError.
        """
        with _translate_errors(folder):
            for page in self._store.list(folder, chunk_size=PAGE_BLOBS):
                newest = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
                yield [found["path"] for found in page if found["last_modified"] <= newest]

    def read_text(self, key: str) -> str | None:
        """Return a short blob's text; None if it does not exist. Raises StoreUnavailableError."""
        try:
            return b"".join(self.read_blob(key)).decode(errors="replace")
        except NotFoundError:
            return None

    def write_text(self, key: str, text: str) -> None:
        """Store a short text under the key, unless there is one. Raises StoreUnavailableError."""
        with suppress(AlreadyExistsError), _translate_errors(key, missing_is_unavailable=True):
            self._store.put(key, text.encode(), mode="create")

    def delete_blob(self, key: str) -> None:
        """Delete a blob; deleting a missing blob is not an error. Raises StoreUnavailableError."""
        try:
            with _translate_errors(key):
                self._store.delete(key)
        except NotFoundError:
            pass
        if self._folder is not None:
            delete_staged(self._folder, key)

    def delete_old_staged(self, older_than_seconds: float) -> int:
        """Delete files that killed puts have left in a folder of blobs; return their number.

        Buckets delete theirs by a rule for incomplete multipart uploads.
        """
        if self._folder is None:
            return 0
        with _translate_errors(str(self._folder)):
            return delete_old_staged(self._folder, time.time() - older_than_seconds)

    def delete_folder(self, folder: str) -> None:
        """Delete all blobs below the folder, also those staged by puts that did not end.

        A put under way fails, or stores its blob after this. Raises StoreUnavailableError.
        """
        for key in self.list_blobs(folder):
            self.delete_blob(key)
        if self._folder is not None:
            delete_all_staged(self._folder / folder)


def open_blobs(settings: Settings) -> BlobStore:
    """Open the blob store of these settings. Raises StoreUnavailableError."""
    parts = urlsplit(settings.blob_url)
    cache = Cache(settings.data_dir / "cache" / "blobs", settings.blob_cache_bytes)
    with _translate_errors(settings.blob_url, missing_is_unavailable=True):
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            make_durable_folder(folder)
            return BlobStore(LocalStore(folder, automatic_cleanup=True), folder, cache)
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
        # Not all S3-compatible servers support bulk deletes.
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
        "timeout": timedelta(seconds=RANGE_SECONDS),
    }


@contextmanager
def _hold_entry(cache: Cache, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """Hold a cache entry; errors raised inside the block are not translated."""
    holding = cache.hold(key, make)
    with _translate_errors(key, missing_is_unavailable=True):
        path = holding.__enter__()
    try:
        yield path
    finally:
        holding.__exit__(None, None, None)


@contextmanager
def _translate_errors(key: str, *, missing_is_unavailable: bool = False) -> Iterator[None]:
    """Raise errors of the backend as store errors; a missing file as NotFoundError by default."""
    try:
        yield
    except FileNotFoundError as error:
        if missing_is_unavailable:
            raise storage_error("blob store", error) from error
        raise NotFoundError("blob", key) from error
    except AlreadyExistsError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise storage_error("blob store", error) from error
