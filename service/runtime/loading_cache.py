"""A loading LRU cache, bounded in bytes, shared by threads and the event loop."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """An object with a known, constant size in memory."""

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""


Item = TypeVar("Item", bound=Sized)


class LoadingCache(Generic[Item]):
    """Keeps the most recently used items, at most `max_bytes` in total, but at least one item.

    Args:
        load: loads the item of a key; called concurrently for different keys.
        max_bytes: maximum total size; an item that exceeds it is kept alone.
    """

    def __init__(self, load: Callable[[str], Item], max_bytes: int) -> None:
        self._load = load
        self._max_bytes = max_bytes
        # Held for dictionary operations only, never while an item is loaded.
        self._lock = threading.Lock()
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._bytes = 0
        self._loading: dict[str, Future[Item]] = {}

    def find(self, key: str) -> Item | None:
        """Return the item if it is in memory and the lock is free, else None; never blocks."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._use(key)
        finally:
            self._lock.release()

    def get(self, key: str) -> Item:
        """Return the item, loading it if necessary; concurrent calls load it once.

        An exception of `load` is raised to every waiting caller and not cached.
        """
        with self._lock:
            item = self._use(key)
            if item is not None:
                return item
            loading = self._loading.get(key)
            if loading is not None:
                is_first = False
            else:
                is_first, loading = True, Future()
                self._loading[key] = loading
        if is_first:
            self._load_into(loading, key)
        return loading.result()

    def _load_into(self, loading: Future[Item], key: str) -> None:
        try:
            item = self._load(key)
        except BaseException as error:  # noqa: BLE001 - raised to every waiting caller
            with self._lock:
                del self._loading[key]
            loading.set_exception(error)
            return
        with self._lock:
            del self._loading[key]
            self._keep(key, item)
        loading.set_result(item)

    def _use(self, key: str) -> Item | None:
        item = self._items.get(key)
        if item is not None:
            self._items.move_to_end(key)
        return item

    def _keep(self, key: str, item: Item) -> None:
        self._items[key] = item
        self._bytes += item.nbytes
        while self._bytes > self._max_bytes and len(self._items) > 1:
            _, evicted = self._items.popitem(last=False)
            self._bytes -= evicted.nbytes
