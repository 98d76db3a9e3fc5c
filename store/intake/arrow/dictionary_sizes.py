"""Limit of the work that growing dictionaries of an Arrow file or stream cause."""

from store.errors import IntakeError
from store.intake.formats.compression import FREE_BYTES, MAX_EXPANSION


class DictionarySizes:
    """Limits the bytes that are copied because a dictionary grows."""

    def __init__(self, size: int) -> None:
        self._free = max(FREE_BYTES, MAX_EXPANSION * size)
        self._sizes: dict[int, int] = {}

    def add(self, dictionary: int, size: int, *, is_delta: bool) -> None:
        """Count a dictionary of `size` bytes, or entries that are added to the one before it.

        Raises IntakeError if the limit is exceeded.
        """
        if not is_delta:
            self._sizes[dictionary] = size
            return
        self._sizes[dictionary] = self._sizes.get(dictionary, 0) + size
        self._free -= self._sizes[dictionary]
        if self._free < 0:
            detail = (
                "the dictionaries grow in too many steps: write each as a whole, without deltas"
            )
            raise IntakeError("expands_too_much", detail)
