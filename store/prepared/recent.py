"""In-memory cache of small prepared data."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from engine.preparation.prepared_data import PreparedData

MOST_KEPT = 16


@dataclass
class RecentData:
    """LRU cache of prepared data, keyed by the digest of everything they depend on; thread-safe."""

    _kept: OrderedDict[str, PreparedData] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key: str) -> PreparedData | None:
        """Return the cached data, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def keep(self, key: str, data: PreparedData) -> None:
        """Cache data for other trainings; the caller makes their arrays read-only."""
        with self._lock:
            self._kept[key] = data
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
