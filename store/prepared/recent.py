"""In-memory cache of small prepared data."""

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from engine.preparation.prepared_data import PreparedData

MOST_KEPT = 16


@dataclass
class RecentData:
    """LRU cache of prepared data, keyed by the digest of everything they depend on."""

    _kept: OrderedDict[str, PreparedData] = field(default_factory=OrderedDict)

    def find(self, key: str) -> PreparedData | None:
        """Return the cached data, or None."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: str, data: PreparedData) -> None:
        """Cache data for other trainings; their arrays become read-only."""
        for rows in vars(data).values():
            if isinstance(rows, np.ndarray):
                rows.flags.writeable = False
        self._kept[key] = data
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
