"""Files too large for the database, in a folder or a bucket, under names made by the server."""

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from store.errors import NotFoundError, StoreUnavailableError


class BlobStore:
    """Blobs by key. A folder is read in place; of a bucket, a worker keeps copies by sha256."""

    def __init__(self, url: str, cache_dir: Path | None = None) -> None:
        self._cache_dir = cache_dir or Path(tempfile.gettempdir()) / "backpropd-blobs"
        self._folder: Path | None = None
        parts = urlsplit(url)
        if parts.scheme == "file":
            self._folder = Path(unquote(parts.path))
            self._store: ObjectStore = LocalStore(self._folder, mkdir=True)
        else:
            self._store = from_url(url)

    def put_blob(self, key: str, source: Path) -> None:
        """Store the file's bytes under the key, all of them or none."""
        try:
            self._store.put(key, source)
        except (BaseError, OSError) as error:
            raise StoreUnavailableError(f"blob store: {error}") from error

    def find_path(self, key: str, sha256: str) -> Path:
        """A local file with the blob's bytes. Raises NotFoundError, StoreUnavailableError.

        Args:
            key: the blob's name in the store.
            sha256: of the upload the blob was made from; names the copy in the cache.
        """
        if self._folder is not None:
            path = self._folder / key
            if not path.exists():
                raise NotFoundError("blob", key)
            return path
        cached = self._cache_dir / f"{hashlib.sha256((sha256 + key).encode()).hexdigest()}.arrow"
        if not cached.exists():
            self._download(key, cached)
        return cached

    def _download(self, key: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
            try:
                for chunk in self._store.get(key).stream():
                    partial.write(chunk)
            except FileNotFoundError as error:
                Path(partial.name).unlink()
                raise NotFoundError("blob", key) from error
            except BaseError as error:
                Path(partial.name).unlink()
                raise StoreUnavailableError(f"blob store: {error}") from error
        # Renamed when complete, so that another process never maps half a file.
        Path(partial.name).rename(target)

    def delete_blob(self, key: str) -> None:
        """Erase a blob; erasing it twice is the same as once."""
        try:
            self._store.delete(key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise StoreUnavailableError(f"blob store: {error}") from error
