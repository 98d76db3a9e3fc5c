"""Limit of the work that growing dictionaries of an Arrow file or stream cause."""

from store.intake.options import Limits


class DictionarySizes:
    """Limits the bytes that are copied because a dictionary grows."""

    def __init__(self, limits: Limits) -> None:
        self._budget = limits.budget(
            "the dictionaries, which grow in steps instead of being written without deltas, take"
        )
        self._sizes: dict[int, int] = {}

    def add(self, dictionary: int, size: int, *, is_delta: bool) -> None:
        """Count a dictionary of `size` bytes, or entries that are added to the one before it.

        Raises IntakeLimitError if the limit is exceeded.
        """
        if not is_delta:
            self._sizes[dictionary] = size
            return
        self._sizes[dictionary] = self._sizes.get(dictionary, 0) + size
        self._budget.add(self._sizes[dictionary])
