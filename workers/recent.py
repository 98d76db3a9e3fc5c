"""The last small data that this process has prepared: the next job may well ask for the same."""

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from engine.preparation.prepared_data import PreparedData

MOST_KEPT = 16


@dataclass
class RecentData:
    """Prepared data by the digest of all that they depend on; the longest unused go first."""

    _kept: OrderedDict[str, PreparedData] = field(default_factory=OrderedDict)

    def find(self, key: str) -> PreparedData | None:
        """The data, if they were kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: str, data: PreparedData) -> None:
        """Keep data for other trainings, none of which may change them."""
        for rows in vars(data).values():
            if isinstance(rows, np.ndarray):
                rows.flags.writeable = False
        self._kept[key] = data
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
