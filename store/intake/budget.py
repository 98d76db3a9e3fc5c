"""Limits of what is produced from a file, counted while it is produced."""

from dataclasses import dataclass

from store.errors import IntakeLimitError

# Column files of this size may be produced from a file of any size.
FLOOR_BYTES = 2**26


@dataclass(frozen=True)
class Allowance:
    """A number that must not be exceeded.

    Attributes:
        limit: the largest number allowed.
        setting: environment variable that raises the limit; None if none does.
    """

    limit: int
    setting: str | None


def smaller(most: Allowance, factor: Allowance, sent: int) -> Allowance:
    """Return the smaller one of `most` and of `factor` times the bytes sent plus the floor."""
    limit = factor.limit * sent + FLOOR_BYTES
    return most if most.limit <= limit else Allowance(limit, factor.setting)


class Budget:
    """Counts what is produced from a file.

    Args:
        what: beginning of the error, such as "the texts of the file take".
        allowance: how much may be produced.
        unit: unit of the limit.
        code: code of the error.
    """

    def __init__(
        self,
        what: str,
        allowance: Allowance,
        unit: str = "bytes",
        code: str = "expands_too_much",
    ) -> None:
        self._what = what
        self._allowance = allowance
        self._unit = unit
        self._code = code
        self._reached = 0

    def add(self, count: int) -> None:
        """Count further units. Raises IntakeLimitError if there are too many in all."""
        self.reach(self._reached + count)

    def reach(self, count: int) -> None:
        """Set the units produced so far. Raises IntakeLimitError if they are too many."""
        self._reached = count
        if count > self._allowance.limit:
            raise exceeded(self._what, count, self._allowance, self._unit, self._code)


def exceeded(
    what: str,
    reached: int,
    allowance: Allowance,
    unit: str = "bytes",
    code: str = "expands_too_much",
) -> IntakeLimitError:
    """Return the error for an exceeded limit."""
    detail = f"{what} {reached} {unit}, more than the {allowance.limit} that are accepted"
    return IntakeLimitError(code, detail, reached, allowance.limit, unit, allowance.setting)
