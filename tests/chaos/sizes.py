"""Size of a chaos suite: reduced in `./run test`, configurable in `./run chaos`."""

import os
from dataclasses import dataclass
from typing import get_args

from tests.chaos.fleet import DatabaseKind

SEED_VARIABLE = "CHAOS_SEED"
KILLS_VARIABLE = "CHAOS_KILLS"
DATABASES_VARIABLE = "CHAOS_DATABASES"
SEED = 20_260


@dataclass(frozen=True)
class Sizes:
    """Options of `./run chaos`.

    Attributes:
        seed: seed of all random choices of a suite.
        kills: number of worker kills, to which other suites scale. None in `./run test`.
        databases: databases that each suite runs on; empty in `./run test`: one per suite.
    """

    seed: int
    kills: int | None
    databases: tuple[DatabaseKind, ...]

    @property
    def is_full(self) -> bool:
        """Whether this is `./run chaos`."""
        return self.kills is not None

    def choose(self, reduced: int, full: int) -> int:
        """Return `reduced` in `./run test`, else `full` scaled by kills / 200."""
        if self.kills is None:
            return reduced
        return max(reduced, round(full * self.kills / 200))


def find_sizes() -> Sizes:
    """Return the sizes set by environment variables."""
    kills = os.environ.get(KILLS_VARIABLE)
    wanted = os.environ.get(DATABASES_VARIABLE, "").split(",")
    return Sizes(
        seed=int(os.environ.get(SEED_VARIABLE, SEED)),
        kills=None if kills is None else int(kills),
        databases=tuple(kind for kind in get_args(DatabaseKind) if kind in wanted),
    )
